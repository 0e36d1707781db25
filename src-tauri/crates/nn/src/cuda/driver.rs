//! The door to NVIDIA's driver: the card, its memory, and launches. All of it is `unsafe` to call, so
//! nothing but this file does.
#![expect(
    unsafe_code,
    reason = "the driver's interface is C, and a kernel's arguments are pointers"
)]

use std::{
    collections::HashMap,
    mem::MaybeUninit,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use candle_core::{
    CudaDevice, DType, Device, Error, Result, Storage, Tensor,
    cuda_backend::{CudaStorageSlice, cudarc},
};
use cudarc::{
    driver::{
        CudaEvent, CudaFunction, CudaGraph, CudaModule, CudaSlice, CudaStream, DevicePtr,
        DriverError, LaunchConfig, PinnedHostSlice, PushKernelArg, result, sys,
    },
    nvrtc::Ptx,
};
use rayon::prelude::*;

use crate::stop;

use super::{
    launch::{Argument, Launch},
    trial::{are_forbidden, is_near},
};

/// The kernels of `kernels/all.cu` for every card, made by this crate's build script.
static KERNELS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/kernels.fatbin"));
/// The version of CUDA that kernels are built by.
const CUDA: i32 = 13_000;
/// What a block may share without asking for more, in bytes.
const SHARED: u32 = 48 << 10;
/// Bytes that go to the card at a time, while the next ones are read.
const STAGE: usize = 32 << 20;

/// The first card, opened once: tensors of two candle devices never meet, even on one card.
pub(super) struct Card {
    pub(super) device: Device,
    pub(super) cuda: CudaDevice,
    capability: (usize, usize),
    module: Arc<CudaModule>,
    functions: Mutex<HashMap<String, CudaFunction>>,
    stage: Mutex<Option<Stage>>,
}

static CARD: Mutex<Option<Arc<Card>>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(error: DriverError) -> Error {
    Error::msg(format!("the graphics card refuses: {error}"))
}

pub(super) fn card() -> Result<Arc<Card>> {
    let mut card = lock(&CARD);
    if let Some(card) = &*card {
        return Ok(Arc::clone(card));
    }
    let opened = Arc::new(Card::open()?);
    *card = Some(Arc::clone(&opened));
    Ok(opened)
}

/// The first card.
///
/// # Errors
/// One line that says what is missing.
pub(crate) fn device() -> Result<Device> {
    Ok(card()?.device.clone())
}

/// Major and minor compute capability of the card.
///
/// # Errors
/// As [`device`].
pub(crate) fn capability() -> Result<(usize, usize)> {
    Ok(card()?.capability)
}

/// Gives memory that no tensor holds back to the card's other users.
pub(crate) fn release() {
    // Only a card that was opened has any.
    let card = lock(&CARD).clone();
    if let Some(card) = card {
        // Whoever waits for memory will be told of what fails here.
        let _ = card.release();
    }
}

/// Bytes of the card that this process may still take or holds already, and the most that its tensors
/// took since [`reset_peak`].
///
/// # Errors
/// If there is no card.
pub(crate) fn memory() -> Result<(u64, u64)> {
    let card = card()?;
    let stream = card.cuda.cuda_stream();
    let (free, _) = stream.context().mem_get_info().map_err(refused)?;
    let held = card.pool_number(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT)?
        + card.graph_number(sys::CUgraphMem_attribute::CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT)?;
    let peak = card.pool_number(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH)?
        + card.graph_number(sys::CUgraphMem_attribute::CU_GRAPH_MEM_ATTR_USED_MEM_HIGH)?;
    Ok((free as u64 + held, peak))
}

/// Begins to look for the most that tensors take anew.
///
/// # Errors
/// If there is no card.
pub(crate) fn reset_peak() -> Result<()> {
    let card = card()?;
    card.set_pool_number(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH, 0)?;
    let mut none = 0u64;
    // SAFETY: the device is that of a living context, and the attribute is a u64.
    unsafe {
        sys::cuDeviceSetGraphMemAttribute(
            card.cuda.cuda_stream().context().cu_device(),
            sys::CUgraphMem_attribute::CU_GRAPH_MEM_ATTR_USED_MEM_HIGH,
            (&raw mut none).cast(),
        )
    }
    .result()
    .map_err(refused)
}

/// How long the card takes for some work, in seconds, once it has done it before.
///
/// # Errors
/// Those of the work.
pub(super) fn seconds(work: impl Fn() -> Result<()>) -> Result<f64> {
    let stream = card()?.cuda.cuda_stream();
    work()?;
    stream.synchronize().map_err(refused)?;
    let start = Instant::now();
    work()?;
    stream.synchronize().map_err(refused)?;
    Ok(start.elapsed().as_secs_f64())
}

/// What is missing where a library is not installed; asking one that is missing panics.
fn missing() -> Option<&'static str> {
    // SAFETY: these look for libraries by name; opening NVIDIA's has no effect of its own.
    let (driver, cublas, curand) = unsafe {
        (
            cudarc::driver::sys::is_culib_present(),
            cudarc::cublas::sys::is_culib_present(),
            cudarc::curand::sys::is_culib_present(),
        )
    };
    match (driver, cublas, curand) {
        (false, ..) => Some("no driver of NVIDIA is installed"),
        (_, false, _) => Some("NVIDIA's library cuBLAS 13 is not installed"),
        (.., false) => Some("NVIDIA's library cuRAND is not installed"),
        (true, true, true) => None,
    }
}

impl Card {
    fn open() -> Result<Self> {
        if let Some(missing) = missing() {
            candle_core::bail!("{missing}");
        }
        let mut version = 0;
        // SAFETY: the library is there, and writes one number.
        unsafe { sys::cuDriverGetVersion(&raw mut version) }.result().map_err(refused)?;
        if version < CUDA {
            candle_core::bail!("NVIDIA's driver is too old, 580 or newer is needed");
        }
        if KERNELS.is_empty() {
            candle_core::bail!("this build has no kernels for graphics cards");
        }
        let device = Device::new_cuda_with_stream(0)?;
        let cuda = device.as_cuda_device()?.clone();
        // SAFETY: everything happens on the one stream of this device, in the order in which it is
        // asked for, so there is nothing to wait for.
        unsafe { cuda.disable_event_tracking() };
        let stream = cuda.cuda_stream();
        let context = stream.context();
        let (major, minor) = context.compute_capability().map_err(refused)?;
        let capability = (major.max(0) as usize, minor.max(0) as usize);
        if capability < (7, 5) {
            candle_core::bail!("the graphics card is too old: Turing (2018) or newer is needed");
        }
        let module = context.load_module(Ptx::from_binary(KERNELS.to_vec())).map_err(refused)?;
        let (functions, stage) = (Mutex::default(), Mutex::default());
        let card = Self { device, cuda, capability, module, functions, stage };
        // Memory that was freed stays ours until it is released: asking the system for it takes longer
        // than most kernels.
        let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        card.set_pool_number(attribute, u64::MAX)?;
        Ok(card)
    }

    fn pool_number(&self, attribute: sys::CUmemPool_attribute) -> Result<u64> {
        let mut number = 0u64;
        let pool = self.pool().map_err(refused)?;
        // SAFETY: the pool is the device's, and the attributes asked for are u64.
        unsafe { result::mem_pool::get_attribute(pool, attribute, (&raw mut number).cast()) }
            .map_err(refused)?;
        Ok(number)
    }

    /// Of the memory that recordings hold.
    fn graph_number(&self, attribute: sys::CUgraphMem_attribute) -> Result<u64> {
        let mut number = 0u64;
        let stream = self.cuda.cuda_stream();
        stream.context().bind_to_thread().map_err(refused)?;
        // SAFETY: the device is that of a living context, and the attributes asked for are u64.
        unsafe {
            let device = stream.context().cu_device();
            sys::cuDeviceGetGraphMemAttribute(device, attribute, (&raw mut number).cast())
        }
        .result()
        .map_err(refused)?;
        Ok(number)
    }

    fn set_pool_number(&self, attribute: sys::CUmemPool_attribute, mut number: u64) -> Result<()> {
        let pool = self.pool().map_err(refused)?;
        // SAFETY: as above.
        unsafe { result::mem_pool::set_attribute(pool, attribute, (&raw mut number).cast()) }
            .map_err(refused)
    }

    /// Where the memory of tensors comes from.
    fn pool(&self) -> std::result::Result<sys::CUmemoryPool, DriverError> {
        let stream = self.cuda.cuda_stream();
        stream.context().bind_to_thread()?;
        // SAFETY: the device is that of a living context.
        unsafe { result::device::get_default_mem_pool(stream.context().cu_device()) }
    }

    fn release(&self) -> std::result::Result<(), DriverError> {
        let stream = self.cuda.cuda_stream();
        // What was freed is freed in the stream's order, and copies may still read what was staged.
        stream.synchronize()?;
        *lock(&self.stage) = None;
        let pool = self.pool()?;
        self.trim_recordings();
        // SAFETY: the pool is the device's.
        unsafe { result::mem_pool::trim_to(pool, 0) }
    }

    /// Whether there is memory for what lies between the recorded kernels, which is held from then on: about
    /// what the work took without. Others need some too.
    fn has_room_for_a_recording(&self) -> Result<bool> {
        let (free, _) = self.cuda.cuda_stream().context().mem_get_info().map_err(refused)?;
        let of_pool = |attribute| self.pool_number(attribute);
        let most = of_pool(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_HIGH)?;
        let now = of_pool(sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT)?;
        Ok(free as u64 >= most.saturating_sub(now) + SPARE)
    }

    /// Gives memory that no recording holds any more back to the system.
    fn trim_recordings(&self) {
        let device = self.cuda.cuda_stream().context().cu_device();
        // SAFETY: the device is that of a living context. Whoever waits for memory will be told of a failure.
        let _ = unsafe { sys::cuDeviceGraphMemTrim(device) };
    }

    /// A kernel that may share as many bytes.
    fn function(&self, kernel: &str, shared: u32) -> Result<CudaFunction> {
        let mut functions = lock(&self.functions);
        if let Some(function) = functions.get(kernel) {
            return Ok(function.clone());
        }
        let function = self.module.load_function(kernel).map_err(refused)?;
        if shared > SHARED {
            let attribute =
                sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            function.set_attribute(attribute, shared as i32).map_err(refused)?;
        }
        functions.insert(kernel.to_owned(), function.clone());
        Ok(function)
    }
}

/// Where a tensor's layout begins.
pub(super) fn address(tensor: &Tensor, cuda: &CudaDevice) -> Result<u64> {
    fn start<T>(slice: &CudaSlice<T>, cuda: &CudaDevice) -> u64 {
        slice.device_ptr(&cuda.cuda_stream()).0
    }
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else {
        candle_core::bail!("a kernel needs its tensors on the graphics card")
    };
    let start = match &storage.slice {
        CudaStorageSlice::U8(slice) => start(slice, cuda),
        CudaStorageSlice::U32(slice) => start(slice, cuda),
        CudaStorageSlice::F32(slice) => start(slice, cuda),
        CudaStorageSlice::BF16(slice) => start(slice, cuda),
        CudaStorageSlice::F16(slice) => start(slice, cuda),
        _ => candle_core::bail!("kernels do not read {:?}", tensor.dtype()),
    };
    Ok(start + (layout.start_offset() * tensor.dtype().size_in_bytes()) as u64)
}

/// A tensor of whatever its memory held.
pub(super) fn empty(shape: &candle_core::Shape, dtype: DType, device: &Device) -> Result<Tensor> {
    if shape.elem_count() == 0 {
        // The driver refuses to give nothing.
        return Tensor::zeros((1,), dtype, device)?.narrow(0, 0, 0)?.reshape(shape);
    }
    // SAFETY: whoever asks fills all of it before anybody reads.
    unsafe { Tensor::empty(shape, dtype, device) }
}

enum Value {
    Address(u64),
    Int(i32),
    Long(i64),
    Float(f32),
}

/// Runs a kernel. It is asked for here and done later, in the stream's order.
pub(super) fn run(launch: Launch) -> Result<Vec<Tensor>> {
    let card = card()?;
    let function = card.function(&launch.kernel, launch.shared)?;
    let mut outputs = Vec::new();
    let mut values = Vec::with_capacity(launch.arguments.len());
    for argument in &launch.arguments {
        values.push(match argument {
            Argument::Nothing => Value::Address(0),
            Argument::Tensor(tensor) => Value::Address(address(tensor, &card.cuda)?),
            Argument::Output(shape, dtype) => {
                let made = empty(shape, *dtype, &card.device)?;
                let address = address(&made, &card.cuda)?;
                outputs.push(made);
                Value::Address(address)
            }
            Argument::Int(value) => Value::Int(*value),
            Argument::Long(value) => Value::Long(*value),
            Argument::Float(value) => Value::Float(*value),
        });
    }
    if outputs.iter().any(|made| made.elem_count() == 0) {
        return Ok(outputs);
    }
    let stream = card.cuda.cuda_stream();
    let mut builder = stream.launch_builder(&function);
    for value in &values {
        match value {
            Value::Address(value) => builder.arg(value),
            Value::Int(value) => builder.arg(value),
            Value::Long(value) => builder.arg(value),
            Value::Float(value) => builder.arg(value),
        };
    }
    let [x, y, z] = launch.grid;
    let config = LaunchConfig {
        grid_dim: (x, y, z),
        block_dim: (launch.threads, 1, 1),
        shared_mem_bytes: launch.shared,
    };
    // SAFETY: launchers check shapes and strides, and give the arguments that the kernel has, which the
    // emulator holds in tests. Tensors may be dropped before the kernel has run: their memory is freed
    // in the same stream's order.
    unsafe { builder.launch(config) }.map_err(refused)?;
    Ok(outputs)
}

/// Two pieces of memory that the card reads by itself, and when it has.
struct Stage {
    pieces: [(PinnedHostSlice<u8>, CudaEvent); 2],
}

impl Stage {
    fn new(cuda: &CudaDevice) -> std::result::Result<Self, DriverError> {
        let stream = cuda.cuda_stream();
        let context = stream.context();
        let piece = || {
            // SAFETY: it is written before it is read.
            let memory = unsafe { context.alloc_pinned::<u8>(STAGE) }?;
            Ok((memory, context.new_event(None)?))
        };
        Ok(Self { pieces: [piece()?, piece()?] })
    }
}

/// Bytes, one part after the other, as a tensor on the card. One piece is read while another travels.
///
/// # Errors
/// If the parts are not as long as the tensor, or the card has no memory.
pub(crate) fn upload(parts: &[&[u8]], shape: &[usize], dtype: DType) -> Result<Tensor> {
    let card = card()?;
    let shape = candle_core::Shape::from(shape);
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length != shape.elem_count() * dtype.size_in_bytes() {
        candle_core::bail!("{length} bytes are no {shape:?} of {dtype:?}");
    }
    let made = empty(&shape, dtype, &card.device)?;
    if length == 0 {
        return Ok(made);
    }
    let start = address(&made, &card.cuda)?;
    let stream = card.cuda.cuda_stream();
    stream.context().bind_to_thread().map_err(refused)?;
    let mut stage = lock(&card.stage);
    let stage = match &mut *stage {
        Some(stage) => stage,
        none => none.insert(Stage::new(&card.cuda).map_err(refused)?),
    };
    let mut done = 0;
    for (index, piece) in parts.iter().flat_map(|part| part.chunks(STAGE)).enumerate() {
        let (memory, sent) = &mut stage.pieces[index % 2];
        sent.synchronize().map_err(refused)?;
        let memory = memory.as_mut_slice().map_err(refused)?;
        memory[..piece.len()]
            .par_chunks_mut(1 << 20)
            .zip(piece.par_chunks(1 << 20))
            .for_each(|(to, from)| to.copy_from_slice(from));
        // SAFETY: the piece lies in the tensor, by the lengths above, and in memory that stays as it is
        // until the event behind this copy.
        unsafe {
            result::memcpy_htod_async(
                start + done as u64,
                &memory[..piece.len()],
                stream.cu_stream(),
            )
        }
        .map_err(refused)?;
        sent.record(&stream).map_err(refused)?;
        done += piece.len();
    }
    Ok(made)
}

/// Work that the card was asked for once, to be repeated with other numbers.
pub(crate) struct Recording {
    graph: CudaGraph,
    /// What the recorded kernels read and make; all between is the graph's own.
    inputs: Vec<Tensor>,
    output: Tensor,
}

// SAFETY: a graph belongs to no thread, and only the owner of a recording uses it.
unsafe impl Send for Recording {}

/// How far what a recording makes may lie from what was made without, as a share of its size: products may
/// choose other kernels, whose roundings add up over all blocks. What is wrong lies much farther.
const SAME: f64 = 0.05;
/// Memory that must be free beside what a recording takes, for what comes behind it.
const SPARE: u64 = 4 << 30;

impl Recording {
    /// Does `work`, and records it. None where the card refuses, or where the recording makes something
    /// else.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn new(
        inputs: &[&Tensor],
        work: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    ) -> Result<(Tensor, Option<Self>)> {
        let card = card()?;
        // Operations on numbers that lie apart send their strides to the card; those that are sent now
        // need not be sent while the card records.
        let _kept = card.cuda.enable_cuda_graph_htod_cache();
        let inputs: Vec<Tensor> =
            inputs.iter().map(|input| input.force_contiguous()).collect::<Result<_>>()?;
        let made = work(&inputs)?;
        if are_forbidden() || !card.has_room_for_a_recording()? {
            return Ok((made, None));
        }
        let recording = Self::record(&card, inputs, &made, work);
        // Who asked to stop did not hear that it cannot be done.
        stop::check()?;
        let recording = recording.ok().flatten();
        let recording = recording.filter(|recording| recording.makes(&made).unwrap_or(false));
        if recording.is_none() {
            // What was refused is no failure of what comes next, and its memory is free again.
            let _ = card.cuda.cuda_stream().context().check_err();
            card.trim_recordings();
        }
        Ok((made, recording))
    }

    fn record(
        card: &Card,
        inputs: Vec<Tensor>,
        made: &Tensor,
        work: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    ) -> Result<Option<Self>> {
        let output = empty(made.shape(), made.dtype(), &card.device)?;
        let stream = card.cuda.cuda_stream();
        let capture = Capture::begin(&stream)?;
        // Tensors of the work go before the recording ends, so that their memory is the graph's.
        work(&inputs).and_then(|made| copy(&made.contiguous()?, &output, card))?;
        let Some(graph) = capture.end()? else { return Ok(None) };
        // What lies in the machine's memory now is something else when the graph runs.
        if reads_the_machine(&graph).map_err(refused)? {
            return Ok(None);
        }
        Ok(Some(Self { graph, inputs, output }))
    }

    /// Whether it makes of its inputs what was made of them.
    fn makes(&self, made: &Tensor) -> Result<bool> {
        self.graph.launch().map_err(refused)?;
        is_near(&self.output, made, SAME)
    }

    /// The same work on other inputs of the same shapes.
    ///
    /// # Errors
    /// If the card refuses.
    pub(crate) fn repeat(&self, inputs: &[&Tensor]) -> Result<Tensor> {
        let card = card()?;
        for (input, place) in inputs.iter().zip(&self.inputs) {
            copy(&input.contiguous()?, place, &card)?;
        }
        self.graph.launch().map_err(refused)?;
        self.output.force_contiguous()
    }
}

/// Numbers that lie one after the other, to where others of that count lie.
fn copy(from: &Tensor, to: &Tensor, card: &Card) -> Result<()> {
    let (source, target) = (address(from, &card.cuda)?, address(to, &card.cuda)?);
    let bytes = to.elem_count() * to.dtype().size_in_bytes();
    if from.elem_count() != to.elem_count() || from.dtype() != to.dtype() {
        candle_core::bail!("{:?} is no {:?}", from.shape(), to.shape());
    }
    // SAFETY: both are as long, and whole; the copy is in the stream's order, in which they are freed.
    unsafe { result::memcpy_dtod_async(target, source, bytes, card.cuda.cuda_stream().cu_stream()) }
        .map_err(refused)
}

/// A stream that records what it is asked for instead of doing it.
struct Capture<'a> {
    stream: &'a Arc<CudaStream>,
    is_open: bool,
}

impl<'a> Capture<'a> {
    fn begin(stream: &'a Arc<CudaStream>) -> Result<Self> {
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
        stream.begin_capture(mode).map_err(refused)?;
        Ok(Self { stream, is_open: true })
    }

    fn end(mut self) -> Result<Option<CudaGraph>> {
        self.is_open = false;
        let flag = sys::CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH;
        self.stream.end_capture(flag).map_err(refused)
    }
}

impl Drop for Capture<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // SAFETY: this stream is recording. What it has recorded is not wanted.
            let graph = unsafe { result::stream::end_capture(self.stream.cu_stream()) };
            if let Ok(graph) = graph
                && !graph.is_null()
            {
                // SAFETY: the graph was made by the line above, and nobody else has it.
                let _ = unsafe { result::graph::destroy(graph) };
            }
        }
    }
}

/// Whether a graph copies from or to the machine's memory.
fn reads_the_machine(graph: &CudaGraph) -> std::result::Result<bool, DriverError> {
    let mut count = 0usize;
    // SAFETY: without a list, the count alone is written; then as many nodes as the list has places. The
    // parameters of a node that copies are written before they are read, those two as plain numbers.
    unsafe {
        let graph = graph.cu_graph();
        sys::cuGraphGetNodes(graph, std::ptr::null_mut(), &raw mut count).result()?;
        let mut nodes = vec![std::ptr::null_mut(); count];
        sys::cuGraphGetNodes(graph, nodes.as_mut_ptr(), &raw mut count).result()?;
        for node in nodes.into_iter().take(count) {
            let mut kind = sys::CUgraphNodeType::CU_GRAPH_NODE_TYPE_EMPTY;
            sys::cuGraphNodeGetType(node, &raw mut kind).result()?;
            if kind == sys::CUgraphNodeType::CU_GRAPH_NODE_TYPE_MEMCPY {
                let mut parameters = MaybeUninit::<sys::CUDA_MEMCPY3D>::uninit();
                let parameters = parameters.as_mut_ptr();
                sys::cuGraphMemcpyNodeGetParams(node, parameters).result()?;
                let source = (&raw const (*parameters).srcMemoryType).cast::<u32>().read();
                let target = (&raw const (*parameters).dstMemoryType).cast::<u32>().read();
                let host = sys::CUmemorytype::CU_MEMORYTYPE_HOST as u32;
                if source == host || target == host {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}
