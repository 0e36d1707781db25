"""AutoencoderKLQwenImage for one frame, with 2-D kernels.

On one frame a causal 3x3x3 convolution sees two zero frames and the picture, so only its last temporal tap acts.
"""

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import QwenImageCausalConv3d


def flat_forward(conv, x, cache_x=None):
    """A causal convolution on one frame, with the 2-D kernel."""
    pad = (conv._padding[2], conv._padding[0])
    return F.conv2d(x.squeeze(2), conv.weight, conv.bias, padding=pad).unsqueeze(2)


def flatten_kernels(vae):
    """The autoencoder with 2-D kernels and without the temporal convolutions, which one frame never meets."""
    for module in vae.modules():
        if hasattr(module, "time_conv"):
            del module.time_conv
        if isinstance(module, QwenImageCausalConv3d):
            module.weight = torch.nn.Parameter(module.weight.detach()[:, :, -1].clone())
            module.forward = flat_forward.__get__(module)
    return vae


def encode(vae, x):
    """Mean and log variance of uint8-like RGBA in -1..1, [B, 4, H, W] to [B, 16, H/8, W/8]."""
    moments = vae.quant_conv(vae.encoder(x.unsqueeze(2))).squeeze(2)
    mean, logvar = moments.float().chunk(2, 1)
    return mean, logvar.clamp(-20, 10)


def decode(vae, z):
    return vae.decoder(vae.post_quant_conv(z.unsqueeze(2))).squeeze(2).float()


def to_float(images):
    return images.float().div(127.5).sub(1)
