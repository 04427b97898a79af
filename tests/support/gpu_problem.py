"""A small training and evaluation on GPU 0, for compute-sanitizer to watch; run as a program."""

import torch
from problems import Case, fresh_state, make_problem

from mmg_registry.core import TrainPlan

for maths in ("bf16", "float32"):
    p = make_problem(4, 3, 64, 2, n=129, context=1)
    there = Case(p.network, *(t.cuda() for t in (p.weights, p.x, p.y)), p.rho, p.proposal)
    plan = TrainPlan(batch=129, warmup=1, hold_until=2, total=2)
    there.train(plan, 2, fresh_state(there.weights), seed=0, maths=maths)
    there.gap(seed=0, repeats=2, maths=maths)
    torch.cuda.synchronize()
