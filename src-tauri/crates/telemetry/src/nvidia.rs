//! Cards of NVIDIA, through the library that comes with their driver. It is loaded at run time.

use nvml_wrapper::{
    Device, Nvml,
    enum_wrappers::device::{Clock, TemperatureSensor},
    enums::device::UsedGpuMemory,
    error::NvmlError,
};

use crate::{Card, CardMemory, Driver, Lost, Power};

/// Temperature, power, clocks and the list of processes change slowly and are dear to ask for: every
/// fifth look does.
const SLOW: usize = 5;

/// The driver of this machine, if there is one that works.
pub(crate) fn open() -> Option<Box<dyn Driver>> {
    let library = Nvml::init().ok()?;
    Some(Box::new(Nvidia { library, looks: 0, known: Vec::new() }))
}

struct Nvidia {
    library: Nvml,
    looks: usize,
    /// What was read last, by the library's number of a card.
    known: Vec<Card>,
}

impl Driver for Nvidia {
    fn cards(&mut self, ours: &[u32]) -> Result<Vec<Card>, Lost> {
        let count = self.library.device_count().map_err(|_error| Lost)?;
        let is_slow = self.looks.is_multiple_of(SLOW);
        self.looks = self.looks.wrapping_add(1);
        self.known.resize(count as usize, Card::default());
        let mut cards = Vec::new();
        for (index, card) in (0..count).zip(&mut self.known) {
            let Ok(device) = self.library.device_by_index(index) else { continue };
            match read(&device, card, ours, is_slow) {
                Ok(()) => cards.push(card.clone()),
                Err(NvmlError::Uninitialized | NvmlError::DriverNotLoaded) => return Err(Lost),
                // This one fell off the bus; the others go on.
                Err(_) => *card = Card::default(),
            }
        }
        Ok(cards)
    }
}

/// Brings a card's figures up to date; those that it does not have are `None`.
fn read(
    device: &Device<'_>,
    card: &mut Card,
    ours: &[u32],
    is_slow: bool,
) -> Result<(), NvmlError> {
    let is_new = card.name.is_empty();
    if is_new {
        card.name = device.name()?;
    }
    card.load = there(device.utilization_rates())?.map(|rates| f64::from(rates.gpu) / 100.0);
    let known = card.memory.and_then(|memory| memory.ours);
    let is_slow = is_slow || is_new;
    let taken = if is_slow { taken_by(device, ours)? } else { known };
    card.memory = there(device.memory_info())?.map(|memory| CardMemory {
        ours: taken,
        used: memory.used,
        total: memory.total,
    });
    if is_slow {
        card.temperature = there(device.temperature(TemperatureSensor::Gpu))?;
        let limit = there(device.enforced_power_limit())?.map(watts);
        card.power = there(device.power_usage())?.map(|drawn| Power { watts: watts(drawn), limit });
        card.clock = there(device.clock_info(Clock::Graphics))?;
        card.memory_clock = there(device.clock_info(Clock::Memory))?;
    }
    Ok(())
}

/// Bytes of the card's memory that these processes have; `None` where the driver does not say.
fn taken_by(device: &Device<'_>, ours: &[u32]) -> Result<Option<u64>, NvmlError> {
    let lists =
        [there(device.running_compute_processes())?, there(device.running_graphics_processes())?];
    let mut taken = 0;
    // One that computes and draws is in both lists with the same figure.
    let mut counted = Vec::new();
    for process in lists.into_iter().flatten().flatten() {
        let UsedGpuMemory::Used(bytes) = process.used_gpu_memory else { return Ok(None) };
        if ours.contains(&process.pid) && !counted.contains(&process.pid) {
            counted.push(process.pid);
            taken += bytes;
        }
    }
    Ok(Some(taken))
}

/// A figure that a card does not have is no failure; a card that is gone is one.
fn there<T>(read: Result<T, NvmlError>) -> Result<Option<T>, NvmlError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(
            error @ (NvmlError::GpuLost
            | NvmlError::Uninitialized
            | NvmlError::DriverNotLoaded
            | NvmlError::InvalidArg),
        ) => Err(error),
        Err(_) => Ok(None),
    }
}

fn watts(milliwatts: u32) -> f64 {
    f64::from(milliwatts) / 1000.0
}
