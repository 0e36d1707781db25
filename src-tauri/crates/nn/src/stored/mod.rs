//! Weights as a file holds them: packed in memory, unpacked a band of rows at a time.

mod format;
mod rounded;
mod unpack;

use std::{ops::Range, sync::Arc};

use candle_core::{DType, Device, Result, Tensor};
pub use format::Format;
use half::{bf16, f16};
use rayon::prelude::*;
pub(crate) use rounded::{Matrix, Stack, rounded_product};

use crate::{
    slices::{buffer, read},
    tiles::{Ending, Rows},
};

/// Bytes that somebody keeps, such as a memory map.
pub trait Memory: Send + Sync {
    /// All of them.
    fn bytes(&self) -> &[u8];

    /// Told before a range is read whole: a chance to fetch it.
    fn about_to_read(&self, _range: &Range<usize>) {}

    /// Told when a range was read and is not needed soon: a chance to let go of its memory.
    fn has_read(&self, _range: &Range<usize>) {}
}

impl Memory for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// [`Memory`] that tensors share.
pub type Bytes = Arc<dyn Memory>;

/// Numbers that one thread unpacks at a time.
const PIECE: usize = 1 << 16;
/// Numbers that are unpacked at once for a product: 8 MB, little beside the numbers it makes.
const BAND: usize = 1 << 21;

/// A tensor in the bytes of a file, of which whole rows may be taken in any order. Cheap to clone.
#[derive(Clone)]
pub struct Stored {
    bytes: Bytes,
    // Invariant: inside `bytes`, whole rows each, together as many as `shape` has.
    parts: Vec<Range<usize>>,
    format: Format,
    shape: Vec<usize>,
    scale: f32,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?} {:?}", self.format, self.shape)
    }
}

impl Stored {
    /// The tensor at `range` of `bytes`.
    ///
    /// # Errors
    /// If a tensor of that shape does not have that many bytes.
    pub fn new(
        bytes: Bytes,
        range: Range<usize>,
        format: Format,
        shape: Vec<usize>,
    ) -> Result<Self> {
        let is_inside = range.start <= range.end && range.end <= bytes.bytes().len();
        if !is_inside || format.bytes(&shape) != Some(range.len()) {
            candle_core::bail!("{} bytes are no {shape:?} numbers as {format:?}", range.len());
        }
        Ok(Self { bytes, parts: vec![range], format, shape, scale: 1.0 })
    }

    /// Every number times `scale`.
    #[must_use]
    pub fn scaled(mut self, scale: f32) -> Self {
        self.scale *= scale;
        self
    }

    /// Rows along the first dimension, one range after the other.
    ///
    /// # Errors
    /// If a range is outside.
    pub fn take_rows(&self, ranges: &[Range<usize>]) -> Result<Self> {
        let row = self.row_bytes();
        let mut parts = Vec::with_capacity(ranges.len());
        for range in ranges {
            if range.start > range.end || range.end > self.rows() {
                candle_core::bail!("rows {range:?} are not in {:?}", self.shape);
            }
            parts.extend(self.bytes_of(range.start * row..range.end * row));
        }
        let mut shape = self.shape.clone();
        if let Some(rows) = shape.first_mut() {
            *rows = ranges.iter().map(ExactSizeIterator::len).sum();
        }
        Ok(Self { parts, shape, ..self.clone() })
    }

    /// The same numbers in another shape, the rows of which are as long.
    ///
    /// # Errors
    /// If it has another count of numbers, or would cut blocks.
    pub fn reshape(&self, shape: &[usize]) -> Result<Self> {
        let reshaped = Self { shape: shape.to_vec(), ..self.clone() };
        let count = |shape: &[usize]| shape.iter().product::<usize>();
        let is_whole = self.format.bytes(shape) == self.format.bytes(&self.shape);
        // Several parts are kept apart by rows of the old shape, which the new one must not cut.
        let keeps_rows = self.parts.len() <= 1 || shape.first() == self.shape.first();
        if count(shape) != count(&self.shape) || !is_whole || !keeps_rows {
            candle_core::bail!("{:?} cannot become {shape:?}", self.shape);
        }
        Ok(reshaped)
    }

    /// Its dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How it is packed.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// All numbers, unpacked.
    ///
    /// # Errors
    /// If the device has no memory.
    pub fn to_tensor(&self, dtype: DType, device: &Device) -> Result<Tensor> {
        #[cfg(feature = "cuda")]
        if device.is_cuda()
            && let Some(made) = self.to_card(dtype)?
        {
            return Ok(made);
        }
        let shape = self.shape.as_slice();
        let tensor = match (self.format, dtype) {
            // No detour for what stays what it is.
            (Format::Bf16, DType::BF16) if self.scale == 1.0 => {
                Tensor::from_vec(self.copy::<bf16>(), shape, &Device::Cpu)?
            }
            (Format::F16, DType::F16) if self.scale == 1.0 => {
                Tensor::from_vec(self.copy::<f16>(), shape, &Device::Cpu)?
            }
            _ => Tensor::from_vec(self.to_f32(), shape, &Device::Cpu)?.to_dtype(dtype)?,
        };
        tensor.to_device(device)
    }

    /// All numbers, unpacked by the card where it can.
    #[cfg(feature = "cuda")]
    fn to_card(&self, dtype: DType) -> Result<Option<Tensor>> {
        let own = match self.format {
            Format::Bf16 => DType::BF16,
            Format::F16 => DType::F16,
            Format::F32 => DType::F32,
            _ => return crate::cuda::unpack::unpacked(self, dtype),
        };
        let made = self.upload(own, &self.shape)?;
        let made = if self.scale == 1.0 { made } else { (made * f64::from(self.scale))? };
        made.to_dtype(dtype).map(Some)
    }

    /// All bytes as they are, on the card.
    ///
    /// # Errors
    /// If the card has no memory.
    #[cfg(feature = "cuda")]
    pub(crate) fn upload(&self, dtype: DType, shape: &[usize]) -> Result<Tensor> {
        self.fetch();
        let all = self.bytes.bytes();
        let parts: Vec<&[u8]> = self.parts.iter().map(|part| &all[part.clone()]).collect();
        let made = crate::cuda::upload(&parts, shape, dtype)?;
        self.let_go(0..self.byte_count());
        Ok(made)
    }

    /// What every number is to be multiplied by, and the count of bytes.
    #[cfg(feature = "cuda")]
    pub(crate) fn scale_and_bytes(&self) -> (f32, usize) {
        (self.scale, self.byte_count())
    }

    /// All numbers, unpacked, in order.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        let mut values = vec![0f32; self.shape.iter().product()];
        self.unpack(0..self.byte_count(), &mut values);
        self.let_go(0..self.byte_count());
        values
    }

    /// `x [n, inputs]` times the transpose of this `[outputs, inputs]`, plus `bias [outputs]`, in f32:
    /// `[n, outputs]`. One band of rows is unpacked at a time.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub(crate) fn product(&self, x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let [outputs, inputs] = *self.shape.as_slice() else {
            candle_core::bail!("a product needs a matrix, not {:?}", self.shape)
        };
        let bias_in_f32 = || bias.map(|bias| read(bias, <[f32]>::to_vec)).transpose();
        if let Some(made) = rounded_product(self, &[x], bias_in_f32()?.as_deref(), Ending::All)? {
            return Ok(made);
        }
        self.fetch();
        let (row, count) = (self.row_bytes(), x.dim(0)?);
        let band = (BAND / inputs.max(1)).clamp(1, outputs.max(1));
        let mut products = buffer(count * outputs);
        for start in (0..outputs).step_by(band) {
            let rows = band.min(outputs - start);
            let mut values = buffer(rows * inputs);
            self.unpack(start * row..(start + rows) * row, &mut values);
            self.let_go(start * row..(start + rows) * row);
            let weight = Tensor::from_vec(values, (rows, inputs), &Device::Cpu)?;
            let product = x.matmul(&weight.t()?)?;
            read(&product, |product| {
                products
                    .par_chunks_mut(outputs)
                    .zip(product.par_chunks(rows))
                    .for_each(|(all, these)| all[start..start + rows].copy_from_slice(these));
            })?;
        }
        let product = Tensor::from_vec(products, (count, outputs), &Device::Cpu)?;
        match bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }

    /// Some rows of a matrix, in f32: `[indices, columns]`.
    ///
    /// # Errors
    /// If there is no such row.
    pub(crate) fn select(&self, indices: &[u32]) -> Result<Tensor> {
        let [rows, columns] = *self.shape.as_slice() else {
            candle_core::bail!("a table is a matrix, not {:?}", self.shape)
        };
        let row = self.row_bytes();
        let mut values = vec![0f32; indices.len() * columns];
        for (index, values) in indices.iter().zip(values.chunks_exact_mut(columns.max(1))) {
            let index = *index as usize;
            if index >= rows {
                candle_core::bail!("row {index} is not in a table of {rows}");
            }
            self.unpack(index * row..(index + 1) * row, values);
            self.let_go(index * row..(index + 1) * row);
        }
        Tensor::from_vec(values, (indices.len(), columns), &Device::Cpu)
    }

    /// Where the bytes of a row begin, and those of its part end.
    fn place_of(&self, row: usize) -> (usize, usize) {
        let mut offset = row * self.row_bytes();
        for part in &self.parts {
            if offset < part.len() {
                return (part.start + offset, part.end);
            }
            offset -= part.len();
        }
        (0, 0)
    }

    fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    fn byte_count(&self) -> usize {
        self.parts.iter().map(ExactSizeIterator::len).sum()
    }

    /// 0 for tensors without numbers.
    fn row_bytes(&self) -> usize {
        self.byte_count().checked_div(self.rows()).unwrap_or(0)
    }

    /// Where bytes of this tensor lie in the file.
    fn bytes_of(&self, wanted: Range<usize>) -> Vec<Range<usize>> {
        let (mut start, mut found) = (0, Vec::new());
        for part in &self.parts {
            let (from, to) = (wanted.start.max(start), wanted.end.min(start + part.len()));
            if from < to {
                found.push(part.start + from - start..part.start + to - start);
            }
            start += part.len();
        }
        found
    }

    /// The numbers of some bytes of this tensor, whole blocks, on all threads.
    fn unpack(&self, bytes: Range<usize>, mut out: &mut [f32]) {
        let (count, size) = self.format.block();
        let all = self.bytes.bytes();
        for part in self.bytes_of(bytes) {
            let (these, rest) = out.split_at_mut(part.len() / size * count);
            let blocks = PIECE / count;
            these
                .par_chunks_mut(blocks * count)
                .zip(all[part].par_chunks(blocks * size))
                .for_each(|(values, bytes)| unpack::unpack(self.format, bytes, self.scale, values));
            out = rest;
        }
    }

    /// Tells the memory that all of this tensor is about to be read.
    fn fetch(&self) {
        for part in &self.parts {
            self.bytes.about_to_read(part);
        }
    }

    /// Tells the memory that some bytes of this tensor were read.
    fn let_go(&self, bytes: Range<usize>) {
        for part in self.bytes_of(bytes) {
            self.bytes.has_read(&part);
        }
    }

    /// The bytes as they are.
    fn copy<T: bytemuck::Pod>(&self) -> Vec<T> {
        let all = self.bytes.bytes();
        let mut copied = Vec::with_capacity(self.byte_count() / size_of::<T>());
        for part in &self.parts {
            match bytemuck::try_cast_slice(&all[part.clone()]) {
                Ok(numbers) => copied.extend_from_slice(numbers),
                Err(_) => copied.extend(bytemuck::pod_collect_to_vec::<u8, T>(&all[part.clone()])),
            }
            self.bytes.has_read(part);
        }
        copied
    }
}

impl Rows for Stored {
    fn dims(&self) -> (usize, usize) {
        match *self.shape.as_slice() {
            [outputs, inputs] => (outputs, inputs),
            _ => (0, 0),
        }
    }

    fn halves(&self, rows: Range<usize>) -> Option<(&[u8], usize)> {
        if self.format != Format::Bf16 || self.scale != 1.0 {
            return None;
        }
        let ((start, end), row) = (self.place_of(rows.start), self.row_bytes());
        let is_whole = end - start >= rows.len() * row;
        is_whole.then(|| (&self.bytes.bytes()[start..start + rows.len() * row], row))
    }

    fn values(&self, rows: Range<usize>, columns: Range<usize>, out: &mut [f32]) {
        let (count, size) = self.format.block();
        let bytes = columns.start / count * size..columns.end / count * size;
        for (row, out) in rows.zip(out.chunks_exact_mut(columns.len().max(1))) {
            let (start, _) = self.place_of(row);
            let raw = &self.bytes.bytes()[start + bytes.start..start + bytes.end];
            unpack::unpack(self.format, raw, self.scale, out);
        }
    }

    fn whole(&self, row: usize, columns: Range<usize>, out: &mut [u8], scales: &mut [f32]) -> bool {
        if self.format != Format::Q8_0 {
            return false;
        }
        let (start, _) = self.place_of(row);
        let (count, size) = self.format.block();
        let bytes = start + columns.start / count * size..start + columns.end / count * size;
        unpack::q8_0_in_groups(&self.bytes.bytes()[bytes], self.scale, out, scales);
        true
    }

    fn has_read(&self, rows: Range<usize>) {
        let row = self.row_bytes();
        self.let_go(rows.start * row..rows.end * row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize) -> Stored {
        let values: Vec<u8> = (0..rows * columns).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let length = values.len();
        Stored::new(Arc::new(values), 0..length, Format::F32, vec![rows, columns]).unwrap()
    }

    fn numbers(stored: &Stored) -> Vec<f32> {
        let tensor = stored.to_tensor(DType::F32, &Device::Cpu).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn rows_are_taken_in_the_order_asked_for() {
        let swapped = matrix(4, 2).take_rows(&[2..4, 0..2]).unwrap();
        assert_eq!(numbers(&swapped), [4.0, 5.0, 6.0, 7.0, 0.0, 1.0, 2.0, 3.0]);
        // And of these, rows on both sides of the seam.
        let middle = swapped.take_rows(std::slice::from_ref(&(1..3))).unwrap().scaled(2.0);
        assert_eq!(numbers(&middle), [12.0, 14.0, 0.0, 2.0]);
        assert_eq!(middle.shape(), [2, 2]);
        assert!(swapped.take_rows(std::slice::from_ref(&(3..5))).is_err());
    }

    #[test]
    fn what_does_not_fit_its_bytes_is_refused() {
        let bytes: Bytes = Arc::new(vec![0u8; 68]);
        let stored = |range, format, shape| Stored::new(Arc::clone(&bytes), range, format, shape);
        assert!(stored(0..68, Format::Q8_0, vec![2, 32]).is_ok());
        assert!(stored(0..68, Format::Q8_0, vec![1, 32]).is_err());
        assert!(stored(0..68, Format::Q8_0, vec![4, 16]).is_err(), "blocks across rows");
        assert!(stored(4..72, Format::F32, vec![17]).is_err());
        assert!(stored(0..68, Format::F32, vec![usize::MAX, 4, usize::MAX]).is_err());
    }

    #[test]
    fn bands_give_what_one_product_gives() {
        let weight = matrix(700, 4096); // more than one band
        let x: Vec<f32> = (0..3 * 4096).map(|i| (i as f32 * 0.37).sin()).collect();
        let x = Tensor::from_vec(x, (3, 4096), &Device::Cpu).unwrap();
        let whole = weight.to_tensor(DType::F32, &Device::Cpu).unwrap();
        let whole = x.matmul(&whole.t().unwrap()).unwrap();
        let difference = (weight.product(&x, None).unwrap() - &whole).unwrap().abs().unwrap();
        let largest = difference.max_all().unwrap().to_scalar::<f32>().unwrap();
        let scale = whole.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(largest <= 1e-5 * scale, "{largest} of {scale}");
    }

    #[test]
    fn a_table_gives_rows_by_their_number() {
        let rows = matrix(5, 3).select(&[4, 0]).unwrap();
        assert_eq!(rows.to_vec2::<f32>().unwrap(), [[12.0, 13.0, 14.0], [0.0, 1.0, 2.0]]);
        assert!(matrix(5, 3).select(&[5]).is_err());
    }
}
