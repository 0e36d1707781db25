use serde_json::{Value, json};

use crate::{model_folder::ModelFolder, program::Bench};

const COMPONENTS: [&str; 3] = ["text_encoder", "transformer", "vae"];

/// Damages a copy of the model and holds that it is refused.
fn check(words: &str, damage: impl FnOnce(&ModelFolder)) {
    let folder = ModelFolder::copy();
    damage(&folder);
    let model = folder.text();
    let arguments = [
        "generate",
        "--model",
        &model,
        "--prompt",
        "a fox",
        "--width",
        "32",
        "--height",
        "32",
        "--steps",
        "1",
        "--max-sequence-length",
        "24",
        "--dtype",
        "f32",
        "--out",
        "out.png",
    ];
    Bench::new().refuses(&arguments, words);
}

/// The same damage in every component; the error names the component's folder or file.
fn check_each(damage: impl Fn(&ModelFolder, &str, &str)) {
    for component in COMPONENTS {
        check("", |folder| {
            let (file, tensor) = folder.weights(component);
            damage(folder, &file, &tensor);
        });
    }
}

#[test]
fn parts_that_are_missing_are_named() {
    for part in ["text_encoder", "transformer", "vae", "scheduler", "tokenizer"] {
        check(part, |folder| folder.remove(part));
    }
    for component in COMPONENTS {
        check(component, |folder| {
            let (file, _) = folder.weights(component);
            folder.remove(&file);
        });
        check("config.json", |folder| folder.remove(&format!("{component}/config.json")));
    }
}

#[test]
fn a_folder_or_a_link_to_nothing_is_no_weight_file() {
    check_each(|folder, file, _| {
        folder.remove(file);
        std::fs::create_dir(folder.path(file)).expect("a folder");
    });
    check_each(|folder, file, _| {
        folder.remove(file);
        std::os::unix::fs::symlink("/nowhere/weights", folder.path(file)).expect("a link");
    });
}

#[test]
fn files_that_are_cut_short_are_refused() {
    for keep in [0, 1, 7, 8, 9, 100] {
        check_each(|folder, file, _| {
            let bytes = folder.read(file);
            folder.write(file, &bytes[..keep]);
        });
    }
    check_each(|folder, file, _| {
        let bytes = folder.read(file);
        folder.write(file, &bytes[..bytes.len() - 1]);
    });
    check_each(|folder, file, _| {
        let bytes = folder.read(file);
        folder.write(file, &bytes[..bytes.len() / 2]);
    });
}

#[test]
fn files_that_are_longer_than_they_say_are_refused() {
    check_each(|folder, file, _| {
        let mut bytes = folder.read(file);
        bytes.extend([0; 64]);
        folder.write(file, &bytes);
    });
}

#[test]
fn headers_that_cannot_be_are_refused() {
    for len in [0, 1, 1 << 60, u64::MAX] {
        check_each(|folder, file, _| {
            let mut bytes = folder.read(file);
            bytes[..8].copy_from_slice(&len.to_le_bytes());
            folder.write(file, &bytes);
        });
    }
    check_each(|folder, file, _| {
        let mut bytes = folder.read(file);
        bytes[8..40].fill(b'{');
        folder.write(file, &bytes);
    });
    check_each(|folder, file, _| {
        let mut bytes = folder.read(file);
        bytes[8..40].fill(0xff);
        folder.write(file, &bytes);
    });
}

#[test]
fn offsets_that_lie_are_refused() {
    let offsets = |value: Value| {
        move |folder: &ModelFolder, file: &str, tensor: &str| {
            folder.set_header(file, |header| header[tensor]["data_offsets"] = value.clone());
        }
    };
    check_each(offsets(json!([0, 4])));
    check_each(offsets(json!([4, 0])));
    check_each(offsets(json!([0, u64::MAX])));
    check_each(offsets(json!([-4, 4])));
    check_each(offsets(json!([0])));
    check_each(offsets(json!("all")));
    // Two tensors that share their numbers.
    check_each(|folder, file, tensor| {
        folder.set_header(file, |header| {
            let shared = header[tensor].clone();
            let other = header
                .as_object()
                .expect("an object")
                .keys()
                .find(|name| *name != tensor && *name != "__metadata__")
                .expect("another tensor")
                .clone();
            header[&other]["data_offsets"] = shared["data_offsets"].clone();
        });
    });
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    check_each(|folder, file, tensor| {
        folder.set_header(file, |header| {
            let shape = header[tensor]["shape"].as_array_mut().expect("a shape");
            shape.reverse();
        });
    });
    for shape in [
        json!([1]),
        json!([]),
        json!([0, 0]),
        json!([u64::MAX, u64::MAX]),
        json!([-1, 4]),
        json!(7),
    ] {
        check_each(|folder, file, tensor| {
            folder.set_header(file, |header| header[tensor]["shape"] = shape.clone());
        });
    }
}

#[test]
fn number_formats_that_do_not_fit_are_refused() {
    for dtype in ["I64", "BOOL", "F77", "F8_E4M3", ""] {
        check_each(|folder, file, tensor| {
            folder.set_header(file, |header| header[tensor]["dtype"] = json!(dtype));
        });
    }
    // Of the right length, but no numbers to compute with.
    check("I32", |folder| {
        let (file, tensor) = folder.weights("transformer");
        folder.set_header(&file, |header| header[&tensor]["dtype"] = json!("I32"));
    });
}

#[test]
fn a_tensor_that_is_missing_is_named() {
    for component in COMPONENTS {
        check("missing", |folder| {
            let (file, tensor) = folder.weights(component);
            folder.set_header(&file, |header| {
                let header = header.as_object_mut().expect("an object");
                let info = header.remove(&tensor).expect("the tensor");
                header.insert(format!("{tensor}.renamed"), info);
            });
        });
    }
}

#[test]
fn weights_that_are_no_numbers_are_found_out() {
    for component in COMPONENTS {
        for value in [f32::NAN, f32::INFINITY] {
            check("", |folder| {
                let (file, tensor) = folder.weights(component);
                let bf16 = value.to_bits().to_be_bytes();
                let is_short = component == "text_encoder";
                folder.set_data(&file, &tensor, |data| {
                    if is_short {
                        data.chunks_exact_mut(2)
                            .for_each(|number| number.copy_from_slice(&[bf16[1], bf16[0]]));
                    } else {
                        data.chunks_exact_mut(4)
                            .for_each(|number| number.copy_from_slice(&value.to_le_bytes()));
                    }
                });
            });
        }
    }
}

#[test]
fn one_weight_that_is_no_number_is_found_out() {
    check("", |folder| {
        let (file, tensor) = folder.weights("transformer");
        folder.set_data(&file, &tensor, |data| data[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    });
}

#[test]
fn an_index_that_lies_is_refused() {
    let index = "transformer/diffusion_pytorch_model.safetensors.index.json";
    check("index", |folder| folder.write(index, b""));
    check("index", |folder| folder.write(index, b"[]"));
    check("index", |folder| folder.write(index, b"{\"weight_map\": 7}"));
    check("index", |folder| folder.write(index, b"{\"weight_map\": {}}"));
    check("index", |folder| folder.write(index, &[0xff; 100]));
    check("nowhere.safetensors", |folder| {
        folder.set(index, "/weight_map/x_embedder.weight", json!("nowhere.safetensors"));
    });
    for outside in ["../vae/diffusion_pytorch_model.safetensors", "/etc/passwd", "..", ""] {
        check("is not a file name", |folder| {
            folder.set(index, "/weight_map/x_embedder.weight", json!(outside));
        });
    }
    check("index", |folder| folder.set(index, "/weight_map/x_embedder.weight", json!(7)));
}
