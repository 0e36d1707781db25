"""What both trainers of the transformer share: the model's shape, its tokens and the noise levels."""

import torch

CONFIG = dict(
    patch_size=2, in_channels=64, out_channels=16, attention_head_dim=48, num_attention_heads=4, joint_attention_dim=128,
    guidance_embeds=False, axes_dims_rope=[8, 20, 20], zero_cond_t=False, use_additional_t_cond=True, use_layer3d_rope=True)
LAYERS, LAYER_ODDS = (2, 3, 4, 5), (0.22, 0.32, 0.27, 0.19)
DROPPED = 34  # tokens of the prompt template's prefix, which the pipeline drops


def pack(z):
    """[B, 16, h, w] to tokens [B, h/2 * w/2, 64], as the pipeline does it."""
    b, c, h, w = z.shape
    return z.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w // 4, c * 4)


def sample_times(count, generator=None, device=None):
    """Noise levels: half spread as the sampler's steps are (sigma 0.5 / (0.5 + 1/s - 1)), half dense towards 1,
    where the layout is decided."""
    s, which, high = torch.rand(3, count, generator=generator, device=device)
    return torch.where(which < 0.5, 0.5 * s / (0.5 * s + 1 - s), 1 - 0.5 * high ** 2).clamp(min=0.01)
