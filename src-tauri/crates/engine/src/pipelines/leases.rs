//! Parts of a model from the pool: who has to go before one comes, and how much of it stays.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use candle_core::{DType, Device, DeviceLocation};
use nn::{ParamSource, Params};
use weights::{Checkpoint, Footprint, Loaded, Lora, Patched, Pool, Stamp, stamp};

use super::Monitor;
use crate::{Error, Family, JobEvent, LoraChoice, PartFiles, Plan, Result, Stage, parts::open};

/// The parts of all models that are loaded.
pub(crate) type Parts = Pool<PartKey>;

/// Which part, of which files, in what form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PartKey {
    pub(crate) component: Component,
    pub(crate) path: PathBuf,
    stamp: Stamp,
    loras: Vec<(LoraChoice, Stamp)>,
    dtype: DType,
    device: DeviceLocation,
}

/// The parts that a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// What reads.
    TextEncoder,
    /// What reads, and can look at pictures.
    SeeingTextEncoder,
    /// What reads word by word, in FLUX.1.
    T5,
    /// What reads a prompt as a whole, in FLUX.1.
    Clip,
    /// What paints.
    Transformer,
    /// What makes latents of pictures and pictures of latents.
    Autoencoder,
}

impl Component {
    /// Its folder in a model's folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::TextEncoder | Self::SeeingTextEncoder | Self::Clip => "text_encoder",
            Self::T5 => "text_encoder_2",
            Self::Transformer => "transformer",
            Self::Autoencoder => "vae",
        }
    }

    /// Whether all of it is unpacked when it is loaded.
    fn is_unpacked(self) -> bool {
        matches!(self, Self::Autoencoder | Self::Clip)
    }

    fn noun(self) -> &'static str {
        match self {
            Self::TextEncoder | Self::SeeingTextEncoder => "text encoder",
            Self::T5 => "T5 text encoder",
            Self::Clip => "CLIP text encoder",
            Self::Transformer => "transformer",
            Self::Autoencoder => "autoencoder",
        }
    }
}

/// What a component is built of.
pub(super) struct Wanted<'a> {
    pub(super) component: Component,
    pub(super) loras: &'a [LoraChoice],
    /// Which of the file's weights are ever read.
    pub(super) reads: &'a dyn Fn(&str) -> bool,
}

impl<'a> Wanted<'a> {
    /// A component of which everything is read.
    pub(super) fn whole(component: Component) -> Self {
        Self { component, loras: &[], reads: &|_| true }
    }

    /// The transformer with its changes.
    pub(super) fn transformer(loras: &'a [LoraChoice]) -> Self {
        Self { loras, ..Self::whole(Component::Transformer) }
    }
}

/// Where the weights of a model lie, how they are wanted, and the pool that they go through.
pub(super) struct Leases {
    pub(super) family: Family,
    pub(super) folder: PathBuf,
    pub(super) files: PartFiles,
    pub(super) dtype: DType,
    pub(super) device: Device,
    pub(super) parts: Arc<Parts>,
    /// Without one, everything stays.
    pub(super) plan: Option<Plan>,
}

impl Leases {
    /// Puts a part of the model where it is held during a run, if it is not there.
    ///
    /// # Errors
    /// As [`Self::lease`].
    pub(super) fn fill<T: Send + Sync + 'static>(
        &self,
        held: &mut Option<Arc<T>>,
        wanted: &Wanted<'_>,
        monitor: &mut Monitor<'_>,
        load: impl FnOnce(&Params) -> candle_core::Result<T>,
    ) -> Result<()> {
        if held.is_none() {
            *held = Some(self.lease(wanted, monitor, load)?);
        }
        Ok(())
    }

    /// A part of the model: from the pool, or loaded by `load` once there is room for it.
    ///
    /// # Errors
    /// If files are missing or damaged, hold something else, or a LoRA does not fit;
    /// [`Error::Cancelled`] when asked to stop.
    pub(super) fn lease<T: Send + Sync + 'static>(
        &self,
        wanted: &Wanted<'_>,
        monitor: &mut Monitor<'_>,
        load: impl FnOnce(&Params) -> candle_core::Result<T>,
    ) -> Result<Arc<T>> {
        let key = self.key(wanted.component, wanted.loras)?;
        let room = self.room(wanted.component);
        let is_spared = |other: &PartKey| *other == key;
        if let Some(part) = self.parts.find(&key) {
            if let Some(footprint) = self.planned(wanted.component) {
                self.parts.keep(&key, self.kept(wanted.component), footprint);
            }
            self.parts.make_room(room, is_spared);
            return Ok(part);
        }
        monitor.tell(JobEvent::Stage(Stage::Load));
        let checkpoint =
            Arc::new(open(self.family, &self.folder, &self.files, wanted.component.folder())?);
        let footprint = self.planned(wanted.component).unwrap_or_else(|| {
            self.footprint(wanted.component, checkpoint.byte_count_of(wanted.reads), &checkpoint)
        });
        let left = |room: u64, own: u64| room.saturating_sub(own);
        let others =
            Footprint { ram: left(room.ram, footprint.ram), vram: left(room.vram, footprint.vram) };
        self.parts.make_room(others, is_spared);
        monitor.check()?;
        let cancel = monitor.cancel;
        self.parts.lease(&key, || {
            checkpoint.keep(self.kept(wanted.component));
            let part = self.build(&checkpoint, wanted, load)?;
            checkpoint.populate(wanted.reads, &|_done| !cancel.load(Ordering::Relaxed));
            monitor.check()?;
            Ok(Loaded { part, source: checkpoint, footprint })
        })
    }

    /// Lets go of a part that is not needed soon, where the plan says so.
    pub(super) fn drop_if_planned(&self, component: Component) {
        if self.plan.is_some_and(|plan| !plan.keeps_text_encoder) {
            let path = self.files.path(&self.folder, component.folder());
            self.parts.unload(|key| key.path == path);
        }
    }

    fn build<T>(
        &self,
        checkpoint: &Arc<Checkpoint>,
        wanted: &Wanted<'_>,
        load: impl FnOnce(&Params) -> candle_core::Result<T>,
    ) -> Result<T> {
        let broken = Error::broken(wanted.component.noun());
        if wanted.loras.is_empty() {
            let source: Arc<dyn ParamSource> = checkpoint.clone();
            return load(&Params::new(source, self.dtype, self.device.clone())).map_err(broken);
        }
        let mut patched = Patched::new(checkpoint.clone());
        for lora in wanted.loras {
            patched.add(&Lora::open(&lora.file)?, lora.strength)?;
        }
        let patched = Arc::new(patched);
        let source: Arc<dyn ParamSource> = patched.clone();
        let part = load(&Params::new(source, self.dtype, self.device.clone())).map_err(broken)?;
        patched.check_used()?;
        Ok(part)
    }

    fn key(&self, component: Component, loras: &[LoraChoice]) -> Result<PartKey> {
        let path = self.files.path(&self.folder, component.folder());
        let loras = loras
            .iter()
            .map(|lora| Ok((lora.clone(), stamp(&lora.file)?)))
            .collect::<Result<_>>()?;
        Ok(PartKey {
            component,
            stamp: stamp(&path)?,
            path,
            loras,
            dtype: self.dtype,
            device: self.device.location(),
        })
    }

    /// Bytes of a component's files that stay in memory once they were read.
    fn kept(&self, component: Component) -> u64 {
        // What is unpacked, or on the card, is not needed a second time.
        if !self.device.is_cpu() || component.is_unpacked() {
            return 0;
        }
        match (&self.plan, component) {
            (None, _) => u64::MAX,
            (Some(plan), Component::Transformer) => all_or(plan.transformer),
            (Some(plan), _) => all_or(plan.text_encoder),
        }
    }

    /// What a component takes by the plan.
    fn planned(&self, component: Component) -> Option<Footprint> {
        let plan = self.plan?;
        let bytes = match component {
            Component::Transformer => plan.transformer.kept,
            Component::Autoencoder => plan.autoencoder,
            Component::Clip => plan.pooled_text_encoder,
            Component::TextEncoder | Component::SeeingTextEncoder | Component::T5 => {
                plan.text_encoder.kept
            }
        };
        Some(self.placed(bytes))
    }

    /// What a component takes as a whole.
    fn footprint(&self, component: Component, bytes: u64, checkpoint: &Checkpoint) -> Footprint {
        let number = if self.device.is_cpu() { 4 } else { self.dtype.size_in_bytes() as u64 };
        let unpacked = checkpoint.parameter_count() * number;
        let is_packed = !component.is_unpacked();
        self.placed(if is_packed { bytes } else { unpacked })
    }

    fn placed(&self, bytes: u64) -> Footprint {
        match self.device.is_cpu() {
            true => Footprint { ram: bytes, vram: 0 },
            false => Footprint { ram: 0, vram: bytes },
        }
    }

    /// What all parts together may take while this one is used.
    fn room(&self, component: Component) -> Footprint {
        let unlimited = Footprint { ram: u64::MAX, vram: u64::MAX };
        let Some(plan) = self.plan else { return unlimited };
        let bytes = match component {
            Component::TextEncoder
            | Component::SeeingTextEncoder
            | Component::T5
            | Component::Clip => plan.room_to_read(),
            Component::Transformer | Component::Autoencoder => plan.room_to_paint(),
        };
        match self.device.is_cpu() {
            true => Footprint { ram: bytes, ..unlimited },
            false => Footprint { vram: bytes, ..unlimited },
        }
    }
}

/// Rounding must not make a part stream that is to stay whole.
fn all_or(share: crate::Share) -> u64 {
    if share.streams() { share.kept } else { u64::MAX }
}

/// A model's name by its folder and parts, for those who ask what is loaded.
pub(crate) fn belongs_to(key: &PartKey, folder: &Path, files: &PartFiles) -> bool {
    key.path == files.path(folder, key.component.folder())
}
