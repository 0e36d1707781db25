//! Autoencoders as their publishers name them.

use super::{Rows::All, Rule};

/// Those of FLUX.1 and FLUX.2; the levels of the decoder are counted from the other end.
#[rustfmt::skip]
pub(super) const KL: &[Rule] = &[
    ("encoder.norm_out", "encoder.conv_norm_out", All),
    ("encoder.down.*.block.*.norm1", "encoder.down_blocks.*.resnets.*.norm1", All),
    ("encoder.down.*.block.*.conv1", "encoder.down_blocks.*.resnets.*.conv1", All),
    ("encoder.down.*.block.*.norm2", "encoder.down_blocks.*.resnets.*.norm2", All),
    ("encoder.down.*.block.*.conv2", "encoder.down_blocks.*.resnets.*.conv2", All),
    ("encoder.down.*.block.*.nin_shortcut", "encoder.down_blocks.*.resnets.*.conv_shortcut", All),
    ("encoder.down.*.downsample.conv", "encoder.down_blocks.*.downsamplers.0.conv", All),
    ("encoder.mid.block_1.norm1", "encoder.mid_block.resnets.0.norm1", All),
    ("encoder.mid.block_1.conv1", "encoder.mid_block.resnets.0.conv1", All),
    ("encoder.mid.block_1.norm2", "encoder.mid_block.resnets.0.norm2", All),
    ("encoder.mid.block_1.conv2", "encoder.mid_block.resnets.0.conv2", All),
    ("encoder.mid.block_2.norm1", "encoder.mid_block.resnets.1.norm1", All),
    ("encoder.mid.block_2.conv1", "encoder.mid_block.resnets.1.conv1", All),
    ("encoder.mid.block_2.norm2", "encoder.mid_block.resnets.1.norm2", All),
    ("encoder.mid.block_2.conv2", "encoder.mid_block.resnets.1.conv2", All),
    ("encoder.mid.attn_1.norm", "encoder.mid_block.attentions.0.group_norm", All),
    ("encoder.mid.attn_1.q", "encoder.mid_block.attentions.0.to_q", All),
    ("encoder.mid.attn_1.k", "encoder.mid_block.attentions.0.to_k", All),
    ("encoder.mid.attn_1.v", "encoder.mid_block.attentions.0.to_v", All),
    ("encoder.mid.attn_1.proj_out", "encoder.mid_block.attentions.0.to_out.0", All),
    ("decoder.norm_out", "decoder.conv_norm_out", All),
    ("decoder.up.~.block.*.norm1", "decoder.up_blocks.*.resnets.*.norm1", All),
    ("decoder.up.~.block.*.conv1", "decoder.up_blocks.*.resnets.*.conv1", All),
    ("decoder.up.~.block.*.norm2", "decoder.up_blocks.*.resnets.*.norm2", All),
    ("decoder.up.~.block.*.conv2", "decoder.up_blocks.*.resnets.*.conv2", All),
    ("decoder.up.~.block.*.nin_shortcut", "decoder.up_blocks.*.resnets.*.conv_shortcut", All),
    ("decoder.up.~.upsample.conv", "decoder.up_blocks.*.upsamplers.0.conv", All),
    ("decoder.mid.block_1.norm1", "decoder.mid_block.resnets.0.norm1", All),
    ("decoder.mid.block_1.conv1", "decoder.mid_block.resnets.0.conv1", All),
    ("decoder.mid.block_1.norm2", "decoder.mid_block.resnets.0.norm2", All),
    ("decoder.mid.block_1.conv2", "decoder.mid_block.resnets.0.conv2", All),
    ("decoder.mid.block_2.norm1", "decoder.mid_block.resnets.1.norm1", All),
    ("decoder.mid.block_2.conv1", "decoder.mid_block.resnets.1.conv1", All),
    ("decoder.mid.block_2.norm2", "decoder.mid_block.resnets.1.norm2", All),
    ("decoder.mid.block_2.conv2", "decoder.mid_block.resnets.1.conv2", All),
    ("decoder.mid.attn_1.norm", "decoder.mid_block.attentions.0.group_norm", All),
    ("decoder.mid.attn_1.q", "decoder.mid_block.attentions.0.to_q", All),
    ("decoder.mid.attn_1.k", "decoder.mid_block.attentions.0.to_k", All),
    ("decoder.mid.attn_1.v", "decoder.mid_block.attentions.0.to_v", All),
    ("decoder.mid.attn_1.proj_out", "decoder.mid_block.attentions.0.to_out.0", All),
    ("encoder.quant_conv", "quant_conv", All),
    ("decoder.post_quant_conv", "post_quant_conv", All),
];

/// Residual blocks of a level in the decoder of Qwen-Image, and what scales up after them.
const LEVEL: usize = 4;

/// That of Qwen-Image, which ComfyUI names as the video model it comes from; `None` for other names.
pub(super) fn qwen_image(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("conv1.") {
        return Some(format!("quant_conv.{rest}"));
    }
    if let Some(rest) = name.strip_prefix("conv2.") {
        return Some(format!("post_quant_conv.{rest}"));
    }
    let (side, rest) = name.split_once('.')?;
    if !matches!(side, "encoder" | "decoder") {
        return None;
    }
    let (part, rest) = rest.split_once('.')?;
    Some(match part {
        "conv1" => format!("{side}.conv_in.{rest}"),
        "head" => match rest.split_once('.')? {
            ("0", leaf) => format!("{side}.norm_out.{leaf}"),
            ("2", leaf) => format!("{side}.conv_out.{leaf}"),
            _ => return None,
        },
        "middle" => match rest.split_once('.')? {
            ("0", rest) => format!("{side}.mid_block.resnets.0.{}", residual(rest)?),
            ("1", rest) => format!("{side}.mid_block.attentions.0.{rest}"),
            ("2", rest) => format!("{side}.mid_block.resnets.1.{}", residual(rest)?),
            _ => return None,
        },
        "downsamples" => {
            let (index, rest) = rest.split_once('.')?;
            format!("{side}.down_blocks.{index}.{}", residual(rest)?)
        }
        "upsamples" => {
            let (index, rest) = rest.split_once('.')?;
            let index: usize = index.parse().ok()?;
            let (level, place) = (index / LEVEL, index % LEVEL);
            match place + 1 {
                LEVEL => format!("{side}.up_blocks.{level}.upsamplers.0.{rest}"),
                _ => format!("{side}.up_blocks.{level}.resnets.{place}.{}", residual(rest)?),
            }
        }
        _ => return None,
    })
}

/// What a residual block calls its layers by number.
fn residual(rest: &str) -> Option<String> {
    if let Some(rest) = rest.strip_prefix("shortcut.") {
        return Some(format!("conv_shortcut.{rest}"));
    }
    let Some(numbered) = rest.strip_prefix("residual.") else { return Some(rest.to_owned()) };
    let (number, leaf) = numbered.split_once('.')?;
    let layer = match number {
        "0" => "norm1",
        "2" => "conv1",
        "3" => "norm2",
        "6" => "conv2",
        _ => return None,
    };
    Some(format!("{layer}.{leaf}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_the_video_model_are_found() {
        for (theirs, ours) in [
            ("conv1.weight", "quant_conv.weight"),
            ("encoder.conv1.bias", "encoder.conv_in.bias"),
            ("encoder.downsamples.3.residual.6.weight", "encoder.down_blocks.3.conv2.weight"),
            ("encoder.downsamples.2.resample.1.bias", "encoder.down_blocks.2.resample.1.bias"),
            ("encoder.middle.2.residual.3.gamma", "encoder.mid_block.resnets.1.norm2.gamma"),
            ("decoder.middle.1.to_qkv.weight", "decoder.mid_block.attentions.0.to_qkv.weight"),
            ("decoder.upsamples.6.residual.0.gamma", "decoder.up_blocks.1.resnets.2.norm1.gamma"),
            (
                "decoder.upsamples.4.shortcut.weight",
                "decoder.up_blocks.1.resnets.0.conv_shortcut.weight",
            ),
            (
                "decoder.upsamples.7.resample.1.weight",
                "decoder.up_blocks.1.upsamplers.0.resample.1.weight",
            ),
            ("decoder.head.2.bias", "decoder.conv_out.bias"),
        ] {
            assert_eq!(qwen_image(theirs).as_deref(), Some(ours));
        }
        assert_eq!(qwen_image("encoder.conv_in.weight"), None);
    }
}
