//! What models of all families have: a transformer, an autoencoder, and where their weights come from.

use std::{path::PathBuf, sync::Arc};

use candle_core::{DType, Device, Error as TensorError, Result as TensorResult};
use nn::Params;

use super::{
    Monitor,
    leases::{Component, Leases, Parts, Wanted},
};
use crate::{Family, LoraChoice, PartFiles, Plan, Result};

/// How a model is to be run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// In diffusers layout.
    pub folder: PathBuf,
    /// Files that stand in for parts of it.
    pub files: PartFiles,
    /// Changes of the transformer.
    pub loras: Vec<LoraChoice>,
    /// Number format of weights and activations.
    pub dtype: DType,
    /// Where it computes.
    pub device: Device,
}

/// The parts that paint, as far as they are there.
pub(super) struct Painter<T, A> {
    pub(super) leases: Leases,
    loras: Vec<LoraChoice>,
    transformer: Option<Arc<T>>,
    autoencoder: Option<Arc<A>>,
}

impl<T: Send + Sync + 'static, A: Send + Sync + 'static> Painter<T, A> {
    pub(super) fn new(family: Family, setup: Setup, parts: Arc<Parts>) -> Self {
        let Setup { folder, files, loras, dtype, device } = setup;
        Self {
            leases: Leases { family, folder, files, dtype, device, parts, plan: None },
            loras,
            transformer: None,
            autoencoder: None,
        }
    }

    /// How the next run is carried out, and with which changes of the transformer.
    pub(super) fn prepare(&mut self, plan: Plan, loras: &[LoraChoice]) {
        self.leases.plan = Some(plan);
        self.loras = loras.to_vec();
    }

    /// Gives both parts back to the pool, which may let go of them.
    pub(super) fn give_back(&mut self) {
        self.transformer = None;
        self.autoencoder = None;
    }

    /// Before what reads is loaded: the largest part goes where the plan has no room for both.
    pub(super) fn make_room(&mut self) {
        self.transformer = None;
        self.leases.drop_if_planned(Component::Transformer);
    }

    /// The transformer, which [`Self::load_transformer`] has loaded.
    pub(super) fn transformer(&self) -> TensorResult<&T> {
        self.transformer.as_deref().ok_or_else(|| TensorError::msg("the transformer is not loaded"))
    }

    /// The autoencoder, which [`Self::load_autoencoder`] has loaded.
    pub(super) fn autoencoder(&self) -> TensorResult<&A> {
        self.autoencoder.as_deref().ok_or_else(|| TensorError::msg("the autoencoder is not loaded"))
    }

    pub(super) fn load_transformer(
        &mut self,
        monitor: &mut Monitor<'_>,
        load: impl FnOnce(&Params) -> TensorResult<T>,
    ) -> Result<()> {
        let wanted = Wanted::transformer(&self.loras);
        self.leases.fill(&mut self.transformer, &wanted, monitor, load)
    }

    pub(super) fn load_autoencoder(
        &mut self,
        monitor: &mut Monitor<'_>,
        load: impl FnOnce(&Params) -> TensorResult<A>,
    ) -> Result<()> {
        let wanted = Wanted::whole(Component::Autoencoder);
        self.leases.fill(&mut self.autoencoder, &wanted, monitor, load)
    }
}
