//! Flow-match Euler: how noisy each step is. Plain numbers.
//!
//! As diffusers' `FlowMatchEulerDiscreteScheduler` 0.42 with the shifts of FLUX.1, of FLUX.2 and of
//! Qwen-Image-Layered.

use serde::{Deserialize, Deserializer};

use crate::{Error, Result};

/// Tokens of the picture for which Qwen-Image-Layered's shift is 1.
const LAYERED_BASE_TOKENS: f64 = 256.0;

/// `scheduler/scheduler_config.json`, the part that matters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// Timesteps in training.
    #[serde(default = "train_timesteps")]
    pub num_train_timesteps: usize,
    /// Whether the shift comes from picture size and step count.
    #[serde(default)]
    pub use_dynamic_shifting: bool,
    /// The shift otherwise.
    #[serde(default = "one")]
    pub shift: f64,
    /// The last sigma before zero, where the schedule is stretched to end there.
    #[serde(default, deserialize_with = "number_or_off")]
    pub shift_terminal: Option<f64>,
    /// Kind of dynamic shift: `exponential` or `linear`.
    #[serde(default = "exponential")]
    pub time_shift_type: String,
    /// Tokens of a picture that is shifted by `base_shift`, in FLUX.1.
    #[serde(default = "base_image_seq_len")]
    pub base_image_seq_len: usize,
    /// Tokens of a picture that is shifted by `max_shift`.
    #[serde(default = "max_image_seq_len")]
    pub max_image_seq_len: usize,
    /// The shift of a small picture.
    #[serde(default = "base_shift")]
    pub base_shift: f64,
    /// The shift of a large one.
    #[serde(default = "max_shift")]
    pub max_shift: f64,
    #[serde(default)]
    use_karras_sigmas: Option<bool>,
    #[serde(default)]
    use_exponential_sigmas: Option<bool>,
    #[serde(default)]
    use_beta_sigmas: Option<bool>,
    #[serde(default)]
    invert_sigmas: bool,
    #[serde(default)]
    stochastic_sampling: bool,
}

fn train_timesteps() -> usize {
    1000
}
fn one() -> f64 {
    1.0
}
fn base_image_seq_len() -> usize {
    256
}
fn max_image_seq_len() -> usize {
    4096
}
fn base_shift() -> f64 {
    0.5
}
fn max_shift() -> f64 {
    1.15
}
fn exponential() -> String {
    "exponential".into()
}

/// Files say off by null, by false and by 0.
fn number_or_off<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Value {
        Number(f64),
        Switch(bool),
    }
    match Option::<Value>::deserialize(from)? {
        Some(Value::Number(number)) => Ok((number != 0.0).then_some(number)),
        Some(Value::Switch(false)) | None => Ok(None),
        Some(Value::Switch(true)) => Err(serde::de::Error::custom("`shift_terminal` is `true`")),
    }
}

impl Config {
    /// Reads and checks `scheduler_config.json`.
    ///
    /// # Errors
    /// One line, if it is damaged or asks for what is not supported.
    pub fn parse(json: &str) -> std::result::Result<Self, String> {
        let config: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let unsupported = [
            ("use_karras_sigmas", config.use_karras_sigmas == Some(true)),
            ("use_exponential_sigmas", config.use_exponential_sigmas == Some(true)),
            ("use_beta_sigmas", config.use_beta_sigmas == Some(true)),
            ("invert_sigmas", config.invert_sigmas),
            ("stochastic_sampling", config.stochastic_sampling),
        ];
        if let Some((name, _)) = unsupported.into_iter().find(|(_, asked)| *asked) {
            return Err(format!("`{name}` is not supported"));
        }
        if !matches!(config.time_shift_type.as_str(), "exponential" | "linear") {
            return Err(format!("`time_shift_type` is `{}`", config.time_shift_type));
        }
        if config.shift_terminal.is_some_and(|terminal| !(terminal > 0.0 && terminal < 1.0)) {
            return Err("`shift_terminal` is outside 0 to 1".into());
        }
        if !(config.shift > 0.0 && config.shift <= 1000.0) {
            return Err("`shift` is outside 0 to 1000".into());
        }
        let sizes = [config.base_image_seq_len, config.max_image_seq_len];
        if sizes[0] >= sizes[1] || sizes[1] > 1 << 24 {
            return Err("`base_image_seq_len` is not below `max_image_seq_len`".into());
        }
        if ![config.base_shift, config.max_shift].iter().all(|shift| (-20.0..=20.0).contains(shift))
        {
            return Err("`base_shift` or `max_shift` is outside -20 to 20".into());
        }
        if !(1..=1_000_000).contains(&config.num_train_timesteps) {
            return Err("`num_train_timesteps` is outside 1 to 1000000".into());
        }
        Ok(config)
    }
}

/// The noise levels of a run. Invariant: falling, one more than the steps, ending in 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    sigmas: Vec<f32>,
    train_timesteps: f32,
}

impl Schedule {
    /// `steps` levels for a FLUX.2 picture of `image_tokens` tokens (references do not count).
    #[must_use]
    pub fn new(config: &Config, image_tokens: usize, steps: usize) -> Self {
        Self::shifted(config, empirical_mu(image_tokens, steps), even(steps))
    }

    /// `steps` levels for a FLUX.1 picture of `image_tokens` tokens.
    #[must_use]
    pub fn flux1(config: &Config, image_tokens: usize, steps: usize) -> Self {
        let (small, large) = (config.base_image_seq_len as f64, config.max_image_seq_len as f64);
        let slope = (config.max_shift - config.base_shift) / (large - small);
        let mu = image_tokens as f64 * slope + (config.base_shift - slope * small);
        Self::shifted(config, mu, even(steps))
    }

    /// `steps` levels for the layers of a picture of `image_tokens` tokens (layers do not count).
    #[must_use]
    pub fn layered(config: &Config, image_tokens: usize, steps: usize) -> Self {
        let mu = (image_tokens as f64 / LAYERED_BASE_TOKENS).sqrt();
        Self::shifted(config, mu, (0..steps).map(|index| 1.0 - index as f64 / steps as f64))
    }

    fn shifted(config: &Config, mu: f64, even: impl Iterator<Item = f64>) -> Self {
        let mut sigmas: Vec<f32> = even.map(|sigma| shift(config, sigma as f32, mu)).collect();
        if let (Some(terminal), Some(&last)) = (config.shift_terminal, sigmas.last()) {
            // Where the last is 1 already, there is nothing to stretch.
            let stretch = (1.0 - last) / (1.0 - terminal as f32);
            if stretch > 0.0 {
                for sigma in &mut sigmas {
                    *sigma = 1.0 - (1.0 - *sigma) / stretch;
                }
            }
        }
        sigmas.push(0.0);
        Self { sigmas, train_timesteps: config.num_train_timesteps as f32 }
    }

    /// Leaves out the first steps, as repainting with a strength below 1 does.
    ///
    /// # Errors
    /// If no step is left.
    pub fn skip(mut self, strength: f64) -> Result<Self> {
        let steps = self.steps();
        let kept = (steps as f64 * strength).min(steps as f64);
        let skipped = (steps as f64 - kept).max(0.0) as usize;
        if skipped >= steps {
            return Err(Error::InvalidRequest(format!(
                "strength {strength} with {steps} steps leaves no step to make: raise one of them"
            )));
        }
        self.sigmas.drain(..skipped);
        Ok(self)
    }

    /// Steps to make.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.sigmas.len() - 1
    }

    /// Noise levels, one more than the steps; the last is 0.
    #[must_use]
    pub fn sigmas(&self) -> &[f32] {
        &self.sigmas
    }

    /// What the reference calls the timestep of a step.
    #[must_use]
    pub fn timestep(&self, step: usize) -> f32 {
        self.sigmas[step] * self.train_timesteps
    }
}

/// Levels at equal distances from 1 to one step above 0.
fn even(steps: usize) -> impl Iterator<Item = f64> {
    let last = 1.0 / steps as f64;
    (0..steps).map(move |index| match steps {
        1 => 1.0,
        _ => 1.0 + (last - 1.0) * index as f64 / (steps - 1) as f64,
    })
}

fn shift(config: &Config, sigma: f32, mu: f64) -> f32 {
    if !config.use_dynamic_shifting {
        let shift = config.shift as f32;
        return shift * sigma / (1.0 + (shift - 1.0) * sigma);
    }
    // numpy keeps f32 when an f64 scalar takes part.
    let base = match config.time_shift_type.as_str() {
        "linear" => mu as f32,
        _ => mu.exp() as f32,
    };
    base / (base + (1.0 / sigma - 1.0))
}

/// The shift that Black Forest Labs fitted for FLUX.2, from 10 and 200 steps.
fn empirical_mu(image_tokens: usize, steps: usize) -> f64 {
    let tokens = image_tokens as f64;
    let at_200 = 0.000_169_27 * tokens + 0.456_666_66;
    if image_tokens > 4300 {
        return at_200;
    }
    let at_10 = 8.738_095_24e-5 * tokens + 1.898_333_33;
    let slope = (at_200 - at_10) / 190.0;
    slope * steps as f64 + (at_200 - 200.0 * slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn klein() -> Config {
        Config::parse(r#"{"use_dynamic_shifting": true, "shift": 3.0}"#).unwrap()
    }

    #[test]
    fn a_fixed_shift_is_used_when_the_configuration_says_so() {
        let config = Config::parse(r#"{"use_dynamic_shifting": false, "shift": 1.0}"#).unwrap();
        assert_eq!(Schedule::new(&config, 64, 4).sigmas(), [1.0, 0.75, 0.5, 0.25, 0.0]);
    }

    #[test]
    fn strength_drops_the_noisiest_steps() {
        let schedule = Schedule::new(&klein(), 42, 5);
        let kept = schedule.clone().skip(0.8).unwrap();
        assert_eq!(kept.sigmas(), &schedule.sigmas()[1..]);
        // A part of a step is a whole one, as in the reference.
        let last = schedule.clone().skip(0.1).unwrap();
        assert_eq!(last.sigmas(), &schedule.sigmas()[4..]);
        assert!(schedule.skip(1e-20).is_err());
    }

    #[test]
    fn unsupported_schedules_are_refused_by_name() {
        let error = Config::parse(r#"{"use_karras_sigmas": true}"#).unwrap_err();
        assert!(error.contains("use_karras_sigmas"), "{error}");
    }
}
