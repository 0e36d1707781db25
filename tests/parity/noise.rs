use std::collections::BTreeMap;

use engine::noise::Noise;

use crate::golden::reference_dir;

#[test]
fn seeds_give_the_numbers_of_pytorch() {
    let path = reference_dir().join("torch_randn.safetensors");
    let tensors = candle_core::safetensors::load(path, &candle_core::Device::Cpu)
        .expect("the fixture is whole");
    let tensors: BTreeMap<_, _> = tensors.into_iter().collect();
    let mut checked = 0;
    for (name, tensor) in &tensors {
        let Some(stem) = name.strip_prefix("seed").and_then(|name| name.strip_suffix(".f32"))
        else {
            continue;
        };
        let (seed, draw) = stem.split_once('.').expect("seedS.draw");
        let mut noise = Noise::new(seed.parse().expect("a seed"));
        if draw == "second_draw" {
            noise.normal(128 * 4 * 6);
        }
        let expected = tensor.flatten_all().and_then(|t| t.to_vec1::<f32>()).expect("numbers");
        let actual = noise.normal(expected.len());
        for (index, (a, b)) in actual.iter().zip(&expected).enumerate() {
            assert!((a - b).abs() <= 1e-6, "{name}[{index}] is {a}, PyTorch draws {b}");
        }
        checked += 1;
    }
    assert!(checked >= 10, "only {checked} draws in the fixture");
}
