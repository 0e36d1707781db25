//! What the machine does, as the page is told ten times a second.

use std::time::Duration;

use serde::Serialize;
use telemetry::{Card, Ours, Sample};

use super::jobs::stage_name;
use crate::gauges::Phase;

/// One look. Bytes are bytes, shares are from 0 to 1; what cannot be read is null.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TelemetryMessage {
    /// Milliseconds since the first look; only ever rises.
    at: u64,
    cpu: Option<f64>,
    memory: Option<MemoryReply>,
    ours: Option<OursReply>,
    cards: Vec<CardReply>,
    phase: Option<PhaseReply>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct MemoryReply {
    used: u64,
    total: u64,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct OursReply {
    cpu: Option<f64>,
    anonymous: u64,
    mapped: u64,
    /// Bytes a second.
    disk_read: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CardReply {
    name: String,
    load: Option<f64>,
    memory: Option<CardMemoryReply>,
    /// Degrees Celsius.
    temperature: Option<u32>,
    watts: Option<f64>,
    watts_limit: Option<f64>,
    /// MHz, as the next one.
    clock: Option<u32>,
    memory_clock: Option<u32>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct CardMemoryReply {
    ours: Option<u64>,
    used: u64,
    total: u64,
}

/// What the running job does.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PhaseReply {
    stage: &'static str,
    done: usize,
    total: usize,
}

impl TelemetryMessage {
    pub(crate) fn new(at: Duration, sample: Sample, phase: Option<PhaseReply>) -> Self {
        let Sample { cpu, memory, ours, cards } = sample;
        Self {
            at: at.as_millis().try_into().unwrap_or(u64::MAX),
            cpu,
            memory: memory.map(|memory| MemoryReply { used: memory.used, total: memory.total }),
            ours: ours.map(Into::into),
            cards: cards.into_iter().map(Into::into).collect(),
            phase,
        }
    }
}

impl From<Ours> for OursReply {
    fn from(ours: Ours) -> Self {
        let Ours { cpu, anonymous, mapped, disk_read } = ours;
        Self { cpu, anonymous, mapped, disk_read }
    }
}

impl From<Card> for CardReply {
    fn from(card: Card) -> Self {
        Self {
            name: card.name,
            load: card.load,
            memory: card.memory.map(|memory| CardMemoryReply {
                ours: memory.ours,
                used: memory.used,
                total: memory.total,
            }),
            temperature: card.temperature,
            watts: card.power.map(|power| power.watts),
            watts_limit: card.power.and_then(|power| power.limit),
            clock: card.clock,
            memory_clock: card.memory_clock,
        }
    }
}

impl From<Phase> for PhaseReply {
    fn from(phase: Phase) -> Self {
        Self { stage: stage_name(phase.stage), done: phase.done, total: phase.total }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telemetry::{CardMemory, Memory, Power};

    use super::*;

    #[test]
    fn a_look_is_told_in_the_page_s_own_names() {
        let sample = Sample {
            cpu: Some(0.5),
            memory: Some(Memory { used: 1, total: 2 }),
            ours: Some(Ours { cpu: None, anonymous: 3, mapped: 4, disk_read: Some(5.0) }),
            cards: vec![Card {
                name: "card".into(),
                memory: Some(CardMemory { ours: None, used: 6, total: 7 }),
                power: Some(Power { watts: 8.5, limit: None }),
                ..Card::default()
            }],
        };
        let phase = Phase { stage: engine::Stage::Denoise, done: 1, total: 4 };
        let message = TelemetryMessage::new(Duration::from_secs(2), sample, Some(phase.into()));
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({
                "at": 2000,
                "cpu": 0.5,
                "memory": { "used": 1, "total": 2 },
                "ours": { "cpu": null, "anonymous": 3, "mapped": 4, "diskRead": 5.0 },
                "cards": [{
                    "name": "card", "load": null, "memory": { "ours": null, "used": 6, "total": 7 },
                    "temperature": null, "watts": 8.5, "wattsLimit": null, "clock": null, "memoryClock": null,
                }],
                "phase": { "stage": "denoise", "done": 1, "total": 4 },
            })
        );
    }
}
