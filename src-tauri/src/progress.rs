//! Turns what a run tells into what the page is told; the only clock of a run.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use engine::{ImageId, ImageStore, JobEvent, Stage};

use crate::{
    error::AppError,
    wire::jobs::{JobMessage, ReportReply, stage_name},
};

/// Follows one run.
pub(crate) struct Progress {
    /// Known only after the run is queued; set by the command.
    pub(crate) job_id: Arc<OnceLock<u64>>,
    pub(crate) prompt: String,
    pub(crate) model: String,
    pub(crate) images: Arc<ImageStore>,
    began: Instant,
    denoise_began: Option<Instant>,
    previews: Vec<ImageId>,
}

impl Progress {
    pub(crate) fn new(prompt: String, model: String, images: Arc<ImageStore>) -> Self {
        Self {
            job_id: Arc::default(),
            prompt,
            model,
            images,
            began: Instant::now(),
            denoise_began: None,
            previews: Vec::new(),
        }
    }

    /// What the page is told about `event`.
    pub(crate) fn tell(&mut self, event: JobEvent) -> JobMessage {
        match event {
            JobEvent::Started { steps } => {
                self.began = Instant::now();
                JobMessage::Started { job_id: *self.job_id.wait(), steps }
            }
            JobEvent::Stage(stage) => {
                if stage == Stage::Denoise {
                    self.denoise_began = Some(Instant::now());
                }
                JobMessage::Stage { stage: stage_name(stage) }
            }
            JobEvent::Caption(text) => JobMessage::Caption { text },
            JobEvent::Retrying { reasons } => JobMessage::Retrying { reason: reasons },
            JobEvent::Step { done, total, previews, .. } => {
                self.previews.extend(previews.iter().map(|preview| preview.id));
                let elapsed = self.denoise_began.map(|began| began.elapsed());
                JobMessage::Step {
                    done,
                    total,
                    seconds_left: elapsed.and_then(|elapsed| seconds_left(elapsed, done, total)),
                    preview: previews.first().copied().map(Into::into),
                    previews: previews.into_iter().map(Into::into).collect(),
                }
            }
            JobEvent::Image { image, seed } => JobMessage::Image {
                id: image.id.0,
                width: image.width,
                height: image.height,
                seed,
                prompt: self.prompt.clone(),
                model: self.model.clone(),
            },
            JobEvent::Layers(made) => JobMessage::Layers {
                layers: made.layers.iter().map(Into::into).collect(),
                seed: made.seed.to_string(),
                prompt: made.prompt,
                model: self.model.clone(),
                steps: made.steps,
                guidance: made.guidance,
                report: ReportReply { passes: made.passes, sentences: made.sentences },
            },
            JobEvent::Took(took) => JobMessage::Took { seconds: took.seconds, peak: took.peak },
            JobEvent::Finished => {
                self.forget_previews();
                JobMessage::Finished { seconds: self.began.elapsed().as_secs_f64() }
            }
            JobEvent::Cancelled => {
                self.forget_previews();
                JobMessage::Cancelled {}
            }
            JobEvent::Failed(error) => {
                self.forget_previews();
                JobMessage::Failed(AppError::from(error))
            }
        }
    }

    fn forget_previews(&mut self) {
        for id in self.previews.drain(..) {
            self.images.remove(id);
        }
    }
}

/// As long as the steps so far took, on average, will the others.
fn seconds_left(elapsed: Duration, done: usize, total: usize) -> Option<f64> {
    (done > 0).then(|| elapsed.as_secs_f64() / done as f64 * total.saturating_sub(done) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_is_the_mean_step_times_the_steps_left() {
        assert_eq!(seconds_left(Duration::from_secs(6), 2, 8), Some(18.0));
        assert_eq!(seconds_left(Duration::from_secs(8), 8, 8), Some(0.0));
        assert_eq!(seconds_left(Duration::from_secs(1), 0, 8), None);
    }

    #[test]
    fn previews_are_forgotten_when_the_run_ends() {
        let images = Arc::new(ImageStore::default());
        let mut progress = Progress::new("a".into(), "b".into(), Arc::clone(&images));
        let preview = images.insert(engine::Image::new(1, 1, vec![0; 4]).unwrap());
        progress.tell(JobEvent::Step { done: 1, total: 4, reused: false, previews: vec![preview] });
        assert!(images.get(preview.id).is_some());
        progress.tell(JobEvent::Cancelled);
        assert!(images.get(preview.id).is_none());
    }
}
