use candle_core::{Device, Tensor};
use engine::{Image, preprocess};

use crate::golden::{Golden, reference_dir};

fn open(name: &str) -> Image {
    Image::open(&reference_dir().join("flux2-golden/images").join(name))
        .expect("the fixture is whole")
}

#[test]
fn references_are_cut_in_the_middle() {
    let golden = Golden::open("flux2-golden/image_preprocess.safetensors");
    for index in 0..4 {
        let image = preprocess::reference(&open(&format!("ref{index}.png"))).expect("a reference");
        let tensor = preprocess::to_tensor(&image, &Device::Cpu).expect("a tensor");
        golden.check(&format!("ref{index}"), &tensor);
    }
}

#[test]
fn references_above_a_megapixel_are_scaled_as_pillow_does() {
    const EIGHTH: usize = 8;
    let golden = Golden::open("flux2-golden/image_preprocess.safetensors");
    let image = preprocess::reference(&open("bigref.png")).expect("a reference");
    let size = golden.tensor("bigref_size").to_vec1::<i64>().expect("a size");
    assert_eq!([i64::from(image.width), i64::from(image.height)], size[2..4]);

    let expected = golden.tensor("bigref_u8_sub8").to_vec3::<u8>().expect("levels");
    let (mut off_by_more, mut count) = (0, 0);
    for (channel, rows) in expected.iter().enumerate() {
        for (y, row) in rows.iter().enumerate() {
            for (x, &level) in row.iter().enumerate() {
                let index = (y * EIGHTH * image.width as usize + x * EIGHTH) * 3 + channel;
                let difference = image.pixels[index].abs_diff(level);
                assert!(difference <= 2, "{channel} {y} {x}: {} for {level}", image.pixels[index]);
                off_by_more += usize::from(difference == 2);
                count += 1;
            }
        }
    }
    assert!(off_by_more * 1000 < count, "{off_by_more} of {count} levels are off by 2");
}

#[test]
fn halves_are_rounded_to_even() {
    let unit = Tensor::from_vec(vec![0.5 / 255.0, 1.5 / 255.0, 1f32], (3, 1, 1), &Device::Cpu)
        .expect("a pixel");
    let image = preprocess::to_image(&unit).expect("an image");
    assert_eq!(image.rgba(), [0, 2, 255, 255]);
}
