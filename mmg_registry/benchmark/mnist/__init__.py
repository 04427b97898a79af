"""Self-consistency on images: three ratios of mutual information that must hold whatever the information itself is.

For an image A and B_r, the same image of which only the first r rows are kept (Song and Ermon, arXiv 1910.06222;
MINDE, arXiv 2310.09031; MMG, arXiv 2509.20609):

- *baseline*: `I(A; B_r) / I(A; B)` rises with r to 1;
- *data processing*: `I(A; [B_{r+k}, B_r]) / I(A; B_{r+k}) = 1`, for B_r tells nothing that B_{r+k} does not;
- *additivity*: `I([A1, A2]; [B1_r, B2_r]) / I(A1; B1_r) = 2` for two independent images, side by side in columns.

`images` reads files, `spaces` turns images into the variables (with `autoencoder` on latents, with `denoiser` on raw
pixels), `ratios` says which informations the ratios need and what came out, `run` estimates them. The command is
`mmg benchmark mnist`.
"""
