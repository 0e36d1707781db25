use serde_json::{Value, json};

use crate::{model_folder::ModelFolder, program::Bench};

/// Damages a copy of the model and holds that it is refused.
fn check(words: &str, damage: impl FnOnce(&ModelFolder)) {
    check_case("", words, damage);
}

/// Sets one value of a configuration, and holds that the model is refused.
fn check_set(file: &str, key: &str, value: &Value) {
    check_case(&format!("{file}: {key} is {value}"), "", |folder| {
        folder.set(file, &format!("/{key}"), value.clone());
    });
}

fn check_case(case: &str, words: &str, damage: impl FnOnce(&ModelFolder)) {
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
    Bench::new().refuses_case(case, &arguments, words);
}

/// Values that no count and no size can have.
fn absurd() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(1u64 << 40),
        json!(2.5),
        json!("four"),
        json!(null),
        json!([]),
        json!({}),
    ]
}

fn check_absurd(file: &str, keys: &[&str]) {
    for key in keys {
        for value in absurd() {
            check_set(file, key, &value);
        }
    }
}

const FILES: [&str; 5] = [
    "model_index.json",
    "text_encoder/config.json",
    "transformer/config.json",
    "vae/config.json",
    "scheduler/scheduler_config.json",
];

#[test]
fn files_that_are_no_json_are_refused() {
    for file in FILES {
        let name = file.rsplit('/').next().expect("a name");
        for content in
            [&b""[..], b"{", b"[]", b"null", b"\"text\"", &[0xff, 0xfe, 0], &[b'['; 100_000]]
        {
            let case =
                format!("{file}: {:?}", String::from_utf8_lossy(&content[..content.len().min(10)]));
            check_case(&case, name, |folder| folder.write(file, content));
        }
    }
}

#[test]
fn a_config_as_large_as_a_model_is_refused() {
    for file in FILES {
        check_case(file, "too large", |folder| {
            let mut padded = folder.read(file);
            padded.resize(64 << 20, b' ');
            folder.write(file, &padded);
        });
    }
}

#[test]
fn a_model_of_another_kind_is_refused() {
    check("StableDiffusionPipeline", |folder| {
        folder.set("model_index.json", "/_class_name", json!("StableDiffusionPipeline"));
    });
    check("model_index.json", |folder| folder.set("model_index.json", "/_class_name", json!(7)));
    check("model_index.json", |folder| {
        folder.set("model_index.json", "/is_distilled", json!("very"))
    });
}

#[test]
fn text_encoders_that_cannot_be_are_refused() {
    check_absurd(
        "text_encoder/config.json",
        &[
            "hidden_size",
            "intermediate_size",
            "num_attention_heads",
            "num_hidden_layers",
            "num_key_value_heads",
            "head_dim",
        ],
    );
    let file = "text_encoder/config.json";
    // Three hidden states at depths 9, 18 and 27 are needed.
    check_set(file, "num_hidden_layers", &json!(5));
    check_set(file, "num_key_value_heads", &json!(3));
    check_set(file, "vocab_size", &json!(2));
    check_set(file, "rope_theta", &json!("fast"));
    check_set(file, "rope_theta", &json!(0));
    check_set(file, "rms_norm_eps", &json!("small"));
}

#[test]
fn transformers_that_cannot_be_are_refused() {
    check_absurd(
        "transformer/config.json",
        &[
            "num_attention_heads",
            "attention_head_dim",
            "joint_attention_dim",
            "in_channels",
            "timestep_guidance_channels",
        ],
    );
    let file = "transformer/config.json";
    for key in ["num_layers", "num_single_layers"] {
        for value in
            [json!(-1), json!(u64::MAX), json!(1u64 << 40), json!(100), json!("four"), json!([])]
        {
            check_set(file, key, &value);
        }
    }
    for value in
        [json!([]), json!([16, 16]), json!([16, 16, 16, 17]), json!([-16, 48, 16, 16]), json!(64)]
    {
        check_set(file, "axes_dims_rope", &value);
    }
    for value in [json!(0), json!(-3.0), json!(1e300), json!("three"), json!(7.0)] {
        check_set(file, "mlp_ratio", &value);
    }
    for value in [json!("high"), json!(-1.0), json!(0)] {
        check_set(file, "rope_theta", &value);
    }
}

#[test]
fn autoencoders_that_cannot_be_are_refused() {
    check_absurd("vae/config.json", &["latent_channels", "norm_num_groups", "layers_per_block"]);
    let file = "vae/config.json";
    for value in [
        json!([]),
        json!([16]),
        json!([0, 0, 0, 0]),
        json!([16, 32, 32, 1u64 << 60]),
        json!([-16, 32, 32, 32]),
        json!(16),
        json!([15, 31, 31, 31]),
    ] {
        check_set(file, "block_out_channels", &value);
    }
    check_set(file, "norm_num_groups", &json!(7));
    check_set(file, "batch_norm_eps", &json!("tiny"));
}

#[test]
fn schedulers_that_cannot_be_are_refused() {
    let file = "scheduler/scheduler_config.json";
    for value in [json!(0), json!(-1), json!("many"), json!(u64::MAX)] {
        check_set(file, "num_train_timesteps", &value);
    }
    check_set(file, "time_shift_type", &json!(7));
}

#[test]
fn tokenizers_that_cannot_be_are_refused() {
    let file = "tokenizer/tokenizer.json";
    check("tokenizer", |folder| folder.remove(file));
    check_case("an empty file", "tokenizer", |folder| folder.write(file, b""));
    check_case("an empty object", "tokenizer", |folder| folder.write(file, b"{}"));
    check_case("no vocabulary", "tokenizer", |folder| {
        folder.write(file, b"{\"model\": {\"type\": \"BPE\"}}")
    });
    check("tokenizer", |folder| {
        let bytes = folder.read(file);
        folder.write(file, &bytes[..bytes.len() / 2]);
    });
    // Tokens beyond the text encoder's vocabulary.
    check_case("ids beyond the vocabulary", "", |folder| {
        let mut json: Value = serde_json::from_slice(&folder.read(file)).expect("it is JSON");
        for id in json["model"]["vocab"].as_object_mut().expect("a vocabulary").values_mut() {
            *id = json!(id.as_u64().expect("an id") + 1_000_000);
        }
        folder.write(file, json.to_string().as_bytes());
    });
}

#[test]
fn a_broken_folder_is_listed_as_not_ready() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let folder = ModelFolder::copy();
    folder.remove("vae");
    std::os::unix::fs::symlink(folder.path(""), root.path().join("mine")).expect("a link");
    let bench = Bench::new();
    let run = bench.run_with(
        &["models", "--json"],
        &[("ASSET_EDITOR_MODELS", &root.path().to_string_lossy())],
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    let list: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let mine = list["models"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|model| model["id"] == "mine")
        .expect("the folder is listed");
    assert_eq!(mine["ready"], false, "{mine}");
    assert!(mine["missing"].to_string().contains("vae"), "{mine}");
}
