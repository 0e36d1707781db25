//! The sinusoid of a noise level, as all families here embed it.

/// The longest period, in timesteps.
const MAX_PERIOD: f32 = 10_000.0;

/// Cosines, then sines of `channels / 2` angles for each time, row by row. `angle` multiplies a time
/// and a frequency: families differ in where they round.
///
/// Angles reach a thousand turns: they are rounded to f32 as the reference does, their cosines are
/// not approximated further.
pub(crate) fn sinusoid(
    times: &[f32],
    channels: usize,
    angle: impl Fn(f32, f32) -> f32,
) -> Vec<f32> {
    let half = channels / 2;
    let frequencies: Vec<f32> =
        (0..half).map(|j| exp(-(MAX_PERIOD.ln()) * j as f32 / half as f32)).collect();
    let mut values = Vec::with_capacity(times.len() * 2 * half);
    for &time in times {
        let angles = || frequencies.iter().map(|&frequency| f64::from(angle(time, frequency)));
        values.extend(angles().map(|angle| angle.cos() as f32));
        values.extend(angles().map(|angle| angle.sin() as f32));
    }
    values
}

/// `e^x` in f32 as PyTorch's vector code rounds it: a frequency that is one bit off turns the angle
/// of a late timestep visibly. Method: SLEEF's `expf` with an error of 1.0 ULP.
fn exp(x: f32) -> f32 {
    const POLYNOMIAL: [f32; 6] =
        [0.000_198_527_62, 0.001_393_043_6, 0.008_333_361, 0.041_666_485, 0.166_666_67, 0.5];
    let power = (x * std::f32::consts::LOG2_E).round_ties_even();
    let rest = power.mul_add(-0.693_145_75, x);
    let rest = power.mul_add(-1.428_606_8e-6, rest);
    let sum = POLYNOMIAL[1..].iter().fold(POLYNOMIAL[0], |sum, &term| sum.mul_add(rest, term));
    (1.0 + (rest * rest).mul_add(sum, rest)) * power.exp2()
}
