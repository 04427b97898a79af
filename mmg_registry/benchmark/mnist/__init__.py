"""Self-consistency on images: three ratios of mutual information that must hold whatever the information itself is.

Let A be an image and B_r the same image with only its first r rows kept (Song and Ermon, arXiv 1910.06222; MINDE, arXiv
2310.09031; MMG, arXiv 2509.20609). Then:

- *baseline*: `I(A; B_r) / I(A; B)` rises with r to 1;
- *data processing*: `I(A; [B_{r+k}, B_r]) / I(A; B_{r+k}) = 1`, since B_r adds no information to B_{r+k};
- *additivity*: `I([A1, A2]; [B1_r, B2_r]) / I(A1; B1_r) = 2` for two independent images, side by side in columns.

`mmg_registry.data.images` reads the files. `spaces` turns images into the variables, on latents with `autoencoder` or
on raw pixels, for which `denoiser` holds a network. `ratios` plans the informations that the ratios need and computes
the ratios; `run` estimates the informations. The command is `mmg benchmark mnist`.
"""
