"""A small training and evaluation on GPU 0, for compute-sanitizer to watch; run as a program."""

import torch
from problems import fresh_state, make_problem

from mmg_registry.core import TrainPlan, mmse_gap, train_denoiser

for maths in ("bf16", "float32"):
    p = make_problem(4, 3, 64, 2, n=129, context=1)
    x, y, weights = (t.cuda() for t in (p.x, p.y, p.weights))
    state = fresh_state(weights)
    plan = TrainPlan(batch=129, warmup=1, hold_until=2, total=2)
    train_denoiser(p.network, state, x, y, p.rho, p.proposal, plan, seed=0, first_step=0, n_steps=2, isa=maths)
    mmse_gap(p.network, state[3], x, y, p.rho, p.proposal, seed=0, repeats=2, isa=maths)
    torch.cuda.synchronize()
