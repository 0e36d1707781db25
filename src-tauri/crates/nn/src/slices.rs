//! Tensors on the processor as plain numbers, without a copy where they lie in order.

use candle_core::{CpuStorage, DType, Result, Storage, Tensor};

/// Runs `work` on the numbers of a tensor in f32, in order.
///
/// # Errors
/// If the tensor is not on the processor.
pub(crate) fn read<T>(x: &Tensor, work: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let x = x.to_dtype(DType::F32)?.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(CpuStorage::F32(numbers)) = &*storage else {
        candle_core::bail!("numbers are read on the processor")
    };
    let start = layout.start_offset();
    Ok(work(&numbers[start..start + layout.shape().elem_count()]))
}

/// As [`read`] of a tensor whose rows, along the last dimension, lie in order but not side by side: part
/// of the columns of a matrix. `work` gets all numbers from the first on and how far rows are apart.
pub(crate) fn read_rows<T>(x: &Tensor, work: impl FnOnce(&[f32], usize) -> T) -> Result<T> {
    let columns = x.dims().last().copied().unwrap_or(1);
    let stride = x.stride();
    let apart = stride.len().checked_sub(2).map_or(columns, |at| stride[at]);
    // Every dimension before the last must step over whole rows.
    let is_matrix = x.dtype() == DType::F32
        && stride.last() == Some(&1)
        && x.dims()
            .iter()
            .zip(stride)
            .rev()
            .skip(1)
            .try_fold(apart, |next, (dim, step)| (*dim == 1 || *step == next).then_some(next * dim))
            .is_some();
    if !is_matrix {
        return read(x, |numbers| work(numbers, columns));
    }
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(CpuStorage::F32(numbers)) = &*storage else {
        candle_core::bail!("numbers are read on the processor")
    };
    Ok(work(&numbers[layout.start_offset()..], apart))
}

/// As [`read`] of maps `[b, c, h, w]` whose planes lie in order but not side by side: some rows of larger
/// ones. `work` gets all numbers from the first on and how far planes are apart.
pub(crate) fn read_planes<T>(x: &Tensor, work: impl FnOnce(&[f32], usize) -> T) -> Result<T> {
    let (b, c, h, w) = x.dims4()?;
    let is_plain = match *x.stride() {
        [image, plane, row, column] => {
            x.dtype() == DType::F32
                && (column == 1 && row == w)
                && (b <= 1 || image == c * plane)
                && x.device().is_cpu()
        }
        _ => false,
    };
    if !is_plain {
        return read(x, |numbers| work(numbers, h * w));
    }
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(CpuStorage::F32(numbers)) = &*storage else {
        candle_core::bail!("numbers are read on the processor")
    };
    Ok(work(&numbers[layout.start_offset()..], layout.stride()[1]))
}

/// Numbers that will all be written before any is read: they begin as whatever is there.
#[expect(
    unsafe_code,
    clippy::uninit_vec,
    reason = "clearing them first would cost as much as some of the steps that write them"
)]
pub(crate) fn buffer(count: usize) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(count);
    // SAFETY: there is room for them, every bit pattern is a number, and the callers write every one.
    unsafe {
        numbers.set_len(count);
    }
    numbers
}
