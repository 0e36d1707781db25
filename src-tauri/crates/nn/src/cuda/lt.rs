//! Products of 8-bit floats by NVIDIA's cuBLASLt, for weights that are stored so.
//!
//! Off unless somebody asks for it: activations are rounded to 8 bits too, which moves every product by
//! about 3 % of its size at random. Where the card or the library cannot, there is no product.
#![expect(unsafe_code, reason = "the library's interface is C, and all matrices are pointers")]

use std::{
    collections::HashMap,
    ffi::c_void,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use candle_core::{DType, Error, Result, Tensor, cuda_backend::cudarc};
use cudarc::cublaslt::{
    result::{self, CublasError},
    sys::{self, cublasComputeType_t, cublasLtMatmulDescAttributes_t as Attribute, cudaDataType_t},
};

use super::{
    driver::{address, capability, card, empty},
    rounding::round,
};

/// Bytes that the library may work in.
const WORKSPACE: usize = 32 << 20;

static WANTED: AtomicBool = AtomicBool::new(false);

/// Whether products with weights of 8-bit floats are to be in 8 bits.
pub(crate) fn set_wanted(wanted: bool) {
    WANTED.store(wanted, Ordering::Relaxed);
}

/// Sizes of a product: rows of `x`, outputs, inputs.
type Shape = (usize, usize, usize);

/// What the library has been told about products of one shape.
struct Plan {
    operation: sys::cublasLtMatmulDesc_t,
    weight: sys::cublasLtMatrixLayout_t,
    x: sys::cublasLtMatrixLayout_t,
    made: sys::cublasLtMatrixLayout_t,
    chosen: sys::cublasLtMatmulHeuristicResult_t,
}

struct Library {
    handle: sys::cublasLtHandle_t,
    /// None where the library has no kernel.
    plans: HashMap<(Shape, DType), Option<Plan>>,
    workspace: Tensor,
}

// SAFETY: the handle and the descriptions belong to no thread; a lock keeps users apart.
unsafe impl Send for Library {}

static LIBRARY: Mutex<Option<Library>> = Mutex::new(None);

fn refused(error: CublasError) -> Error {
    Error::msg(format!("cuBLASLt refuses: {error}"))
}

/// `x [n, in]` times the transpose of a `weight [outputs, inputs]` of F8E4M3 in bytes, times its scale `[1]`
/// in f32. `None` where it is not wanted, or cannot be.
///
/// # Errors
/// If the card has no memory.
pub(crate) fn product(
    x: &Tensor,
    weight: &Tensor,
    scale: &Tensor,
    (outputs, inputs): (usize, usize),
) -> Result<Option<Tensor>> {
    let is_even = |size: usize| size > 0 && size.is_multiple_of(16);
    if !WANTED.load(Ordering::Relaxed) || !is_even(outputs) || !is_even(inputs) {
        return Ok(None);
    }
    // SAFETY: this looks for a library by its name.
    if capability()? < (8, 9) || !unsafe { sys::is_culib_present() } {
        return Ok(None);
    }
    let rows = x.dim(0)?;
    let (numbers, x_scale) = round(x)?;
    let mut library = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let library = match &mut *library {
        Some(library) => library,
        none => none.insert(Library::open()?),
    };
    let key = ((rows, outputs, inputs), x.dtype());
    if !library.plans.contains_key(&key) {
        let plan = library.plan(key).ok();
        library.plans.insert(key, plan);
    }
    let Some(Some(plan)) = library.plans.get(&key) else { return Ok(None) };
    let made = empty(&(rows, outputs).into(), x.dtype(), x.device())?;
    library.multiply(plan, [weight, scale, &numbers, &x_scale], &made)?;
    Ok(Some(made))
}

impl Library {
    fn open() -> Result<Self> {
        let card = card()?;
        let workspace = empty(&WORKSPACE.into(), DType::U8, &card.device)?;
        let handle = result::create_handle().map_err(refused)?;
        Ok(Self { handle, plans: HashMap::new(), workspace })
    }

    /// The library thinks in columns: of transposed matrices, the weight stands on the left.
    fn plan(
        &self,
        ((rows, outputs, inputs), dtype): (Shape, DType),
    ) -> std::result::Result<Plan, CublasError> {
        let made_type = match dtype {
            DType::BF16 => cudaDataType_t::CUDA_R_16BF,
            _ => cudaDataType_t::CUDA_R_16F,
        };
        let compute = cublasComputeType_t::CUBLAS_COMPUTE_32F;
        let layout = |kind, rows: usize, columns: usize| {
            result::create_matrix_layout(kind, rows as u64, columns as u64, rows as i64)
        };
        let operation = result::create_matmul_desc(compute, cudaDataType_t::CUDA_R_32F)?;
        let transposed = 1i32;
        // SAFETY: these attributes are an `int` and a number of bytes.
        unsafe {
            let transposed = (&raw const transposed).cast();
            result::set_matmul_desc_attribute(
                operation,
                Attribute::CUBLASLT_MATMUL_DESC_TRANSA,
                transposed,
                size_of::<i32>(),
            )?;
        }
        let weight = layout(cudaDataType_t::CUDA_R_8F_E4M3, inputs, outputs)?;
        let x = layout(cudaDataType_t::CUDA_R_8F_E4M3, inputs, rows)?;
        let made = layout(made_type, outputs, rows)?;
        let (preference, limit) = (result::create_matmul_pref()?, WORKSPACE);
        // SAFETY: everything was made above, and the attribute is a number of bytes.
        let chosen = unsafe {
            result::set_matmul_pref_attribute(
                preference,
                sys::cublasLtMatmulPreferenceAttributes_t::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                (&raw const limit).cast(),
                size_of::<usize>(),
            )?;
            let chosen = result::get_matmul_algo_heuristic(
                self.handle,
                operation,
                weight,
                x,
                made,
                made,
                preference,
            );
            result::destroy_matmul_pref(preference)?;
            chosen?
        };
        Ok(Plan { operation, weight, x, made, chosen })
    }

    fn multiply(
        &self,
        plan: &Plan,
        [weight, weight_scale, x, x_scale]: [&Tensor; 4],
        made: &Tensor,
    ) -> Result<()> {
        let card = card()?;
        let at = |tensor: &Tensor| address(tensor, &card.cuda);
        let (weight, x, out, workspace) = (at(weight)?, at(x)?, at(made)?, at(&self.workspace)?);
        let scales = [
            (Attribute::CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, at(weight_scale)?),
            (Attribute::CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, at(x_scale)?),
        ];
        let (one, zero) = (1f32, 0f32);
        let pointer = |address: u64| address as *mut c_void;
        let stream = card.cuda.cuda_stream();
        // SAFETY: the plan has the shapes and formats of these tensors, the scales are single numbers on
        // the card, and the library reads `one` and `zero` before it returns. What it does is in the
        // stream's order, in which the tensors' memory is freed too.
        unsafe {
            for (attribute, scale) in scales {
                result::set_matmul_desc_attribute(
                    plan.operation,
                    attribute,
                    (&raw const scale).cast(),
                    size_of::<u64>(),
                )
                .map_err(refused)?;
            }
            result::matmul(
                self.handle,
                plan.operation,
                (&raw const one).cast(),
                (&raw const zero).cast(),
                pointer(weight),
                plan.weight,
                pointer(x),
                plan.x,
                pointer(out),
                plan.made,
                pointer(out),
                plan.made,
                &raw const plan.chosen.algo,
                pointer(workspace),
                WORKSPACE,
                stream.cu_stream().cast(),
            )
        }
        .map_err(refused)
    }
}
