//! NVIDIA's cuBLASLt: products of matrices of 8-bit numbers. Where the card or the library cannot, there is
//! no product.
#![expect(unsafe_code, reason = "the library's interface is C, and all matrices are pointers")]

use std::{
    collections::HashMap,
    ffi::c_void,
    sync::{Mutex, OnceLock, PoisonError},
};

use candle_core::{DType, Error, Result, Tensor, cuda_backend::cudarc};
use cudarc::cublaslt::{
    result::{self, CublasError},
    sys::{self, cublasComputeType_t, cublasLtMatmulDescAttributes_t as Attribute, cudaDataType_t},
};

use super::driver::{address, card, empty};

/// Bytes that the library may work in.
const WORKSPACE: usize = 32 << 20;

/// What both factors of a product are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Numbers {
    /// Floats of 8 bits, 4 of them exponent. Each factor has a scale, and the product is in 16 bits.
    F8E4M3,
    /// Whole numbers. The product is their sums in 32 bits.
    Int8,
}

/// A product `x [rows, inputs]` times the transpose of `weight [outputs, inputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Product {
    pub(super) numbers: Numbers,
    pub(super) rows: usize,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    /// Of what is made; 32 bits of a whole number are a U32.
    pub(super) dtype: DType,
}

/// What the library has been told about products of one shape.
struct Plan {
    numbers: Numbers,
    operation: sys::cublasLtMatmulDesc_t,
    weight: sys::cublasLtMatrixLayout_t,
    x: sys::cublasLtMatrixLayout_t,
    made: sys::cublasLtMatrixLayout_t,
    chosen: sys::cublasLtMatmulHeuristicResult_t,
}

struct Library {
    handle: sys::cublasLtHandle_t,
    /// None where the library has no kernel.
    plans: HashMap<Product, Option<Plan>>,
    workspace: Tensor,
    /// Where the workspace lies.
    somewhere: u64,
}

// SAFETY: the handle and the descriptions belong to no thread; a lock keeps users apart.
unsafe impl Send for Library {}

static LIBRARY: Mutex<Option<Library>> = Mutex::new(None);

fn refused(error: CublasError) -> Error {
    Error::msg(format!("cuBLASLt refuses: {error}"))
}

/// Whether the library is installed.
pub(super) fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    // SAFETY: this looks for a library by its names, in every folder of libraries.
    *THERE.get_or_init(|| unsafe { sys::is_culib_present() })
}

/// `[rows, outputs]` of factors in bytes, `x` first, and their scales `[1]` in f32 where they have any.
/// `None` where the library has no kernel.
///
/// # Errors
/// If the card has no memory, or refuses.
pub(super) fn multiply(
    product: Product,
    factors: [&Tensor; 2],
    scales: Option<[&Tensor; 2]>,
) -> Result<Option<Tensor>> {
    let mut library = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    let library = match &mut *library {
        Some(library) => library,
        none => none.insert(Library::open()?),
    };
    if !library.plans.contains_key(&product) {
        let plan = library.plan(product).ok();
        library.plans.insert(product, plan);
    }
    let Some(Some(plan)) = library.plans.get(&product) else { return Ok(None) };
    let shape = (product.rows, product.outputs).into();
    let made = empty(&shape, product.dtype, factors[0].device())?;
    library.multiply(plan, factors, scales, &made)?;
    Ok(Some(made))
}

impl Library {
    fn open() -> Result<Self> {
        let card = card()?;
        let workspace = empty(&WORKSPACE.into(), DType::U8, &card.device)?;
        let handle = result::create_handle().map_err(refused)?;
        let somewhere = address(&workspace, &card.cuda)?;
        Ok(Self { handle, plans: HashMap::new(), workspace, somewhere })
    }

    /// The library thinks in columns: of transposed matrices, the weight stands on the left.
    fn plan(&self, product: Product) -> std::result::Result<Plan, CublasError> {
        let Product { numbers, rows, outputs, inputs, dtype } = product;
        let made_type = match dtype {
            DType::BF16 => cudaDataType_t::CUDA_R_16BF,
            DType::F16 => cudaDataType_t::CUDA_R_16F,
            _ => cudaDataType_t::CUDA_R_32I,
        };
        let (factor, compute, scale) = match numbers {
            Numbers::F8E4M3 => (
                cudaDataType_t::CUDA_R_8F_E4M3,
                cublasComputeType_t::CUBLAS_COMPUTE_32F,
                cudaDataType_t::CUDA_R_32F,
            ),
            Numbers::Int8 => (
                cudaDataType_t::CUDA_R_8I,
                cublasComputeType_t::CUBLAS_COMPUTE_32I,
                cudaDataType_t::CUDA_R_32I,
            ),
        };
        let layout = |kind, rows: usize, columns: usize| {
            result::create_matrix_layout(kind, rows as u64, columns as u64, rows as i64)
        };
        let operation = result::create_matmul_desc(compute, scale)?;
        let set = |attribute, value: &[u8]| {
            // SAFETY: each of these attributes is as long as what it is given here.
            unsafe {
                result::set_matmul_desc_attribute(
                    operation,
                    attribute,
                    value.as_ptr().cast(),
                    value.len(),
                )
            }
        };
        set(Attribute::CUBLASLT_MATMUL_DESC_TRANSA, &1i32.to_ne_bytes())?;
        if numbers == Numbers::F8E4M3 {
            // Sums of fewer bits than f32 has lose little beside what the factors lost.
            set(Attribute::CUBLASLT_MATMUL_DESC_FAST_ACCUM, &[1])?;
            // Kernels are chosen knowing that there are scales; which, every product says.
            for place in [
                Attribute::CUBLASLT_MATMUL_DESC_A_SCALE_POINTER,
                Attribute::CUBLASLT_MATMUL_DESC_B_SCALE_POINTER,
            ] {
                set(place, &self.somewhere.to_ne_bytes())?;
            }
        }
        let weight = layout(factor, inputs, outputs)?;
        let x = layout(factor, inputs, rows)?;
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
        Ok(Plan { numbers, operation, weight, x, made, chosen })
    }

    fn multiply(
        &self,
        plan: &Plan,
        [x, weight]: [&Tensor; 2],
        scales: Option<[&Tensor; 2]>,
        made: &Tensor,
    ) -> Result<()> {
        let card = card()?;
        let at = |tensor: &Tensor| address(tensor, &card.cuda);
        let (weight, x, out, workspace) = (at(weight)?, at(x)?, at(made)?, at(&self.workspace)?);
        let scales = match scales {
            None => Vec::new(),
            Some([x, weight]) => vec![
                (Attribute::CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, at(weight)?),
                (Attribute::CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, at(x)?),
            ],
        };
        // In the number format of the sums.
        let [one, zero] = match plan.numbers {
            Numbers::F8E4M3 => [1f32.to_bits(), 0],
            Numbers::Int8 => [1u32, 0],
        };
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
