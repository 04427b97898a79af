"""The benchmarks of the CUDA core: what they refuse without a GPU, and what needs none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import torch

from benchmarks.cuda import __main__ as measure
from benchmarks.cuda import estimates, gpu, kernels, report
from mmg_registry.core import Network

COMPILED = """ptxas info    : Compiling entry function '_ZN3mmg3gpu12train_kernelINS0_6TensorILb0EEELb1EEEv' for 'sm_90'
ptxas info    : Function properties for _ZN3mmg3gpu12train_kernelINS0_6TensorILb0EEELb1EEEvNS0_
    80 bytes stack frame, 40 bytes spill stores, 44 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 80 bytes cumulative stack size, 600 bytes cmem[0]
ptxas info    : Compiling entry function '_ZN3mmg3gpu10gap_kernelINS0_5ExactELb0EEEvNS0_' for 'sm_90'
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 189 registers, used 1 barriers, 16 bytes smem, 544 bytes cmem[0]
"""


@pytest.mark.skipif(not gpu.refusal("cuda:0"), reason="there is a GPU")
def test_without_a_gpu_it_refuses_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["--output", str(tmp_path / "found.json")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("This benchmark measures a GPU, and there is none to use: ")
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["--only", "training,speed"]) == 2
    assert "There is no part 'speed'" in capsys.readouterr().err


def test_every_kernel_of_the_compilers_report_is_read() -> None:
    train, gap = report.kernels(COMPILED, "90")
    assert (train["kernel"], train["registers"], train["spill_store_bytes"]) == ("train, bf16", 255, 40)
    assert (gap["kernel"], gap["registers"], gap["static_shared_bytes"]) == ("gap, float32", 189, 16)


def test_without_a_compiler_the_report_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report.shutil, "which", lambda name: None)
    assert report.main([]) == 1
    assert "needs CUDA's compiler, nvcc" in capsys.readouterr().err


def test_a_part_of_the_report_does_not_take_the_place_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report.common, "RESULTS", tmp_path)
    monkeypatch.setattr(report.shutil, "which", lambda name: "echo")
    monkeypatch.setattr(report, "compile_kernels", lambda *_: COMPILED)
    monkeypatch.setattr(report.sass, "available", lambda: False)
    assert report.main(["--architectures", "80,90"]) == 0
    assert not list(tmp_path.iterdir())
    assert report.main(["--architectures", "80", "--output", str(tmp_path / "part.json")]) == 0
    assert report.main([]) == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cuda_report.json", "part.json"]


def test_a_compiler_that_fails_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> str:
        raise subprocess.CalledProcessError(-9, "nvcc")

    (tmp_path / "cuda_report.json").write_text("{}")
    monkeypatch.setattr(report.common, "RESULTS", tmp_path)
    monkeypatch.setattr(report.shutil, "which", lambda name: "echo")
    monkeypatch.setattr(report, "compile_kernels", killed)
    with pytest.raises(subprocess.CalledProcessError):
        report.main([])
    assert [each.read_text() for each in tmp_path.iterdir()] == ["{}"]


LOOPS = """Function : _ZN3mmg3gpu10gap_kernelINS0_6TensorEEEvv
    /*0000*/ MOV R1, R2 ;
    /*0010*/ HMMA.16816.F32.BF16 R8, R4, R6, R8 ;
    /*0020*/ HMMA.16816.F32.BF16 R12, R4, R6, R12 ;
    /*0030*/ @P0 BRA `(.L_x_1) 0x10 ;
    /*0040*/ LDS R1, [R2] ;
    /*0050*/ @P1 BRA 0x40 ;
    /*0060*/ @P2 BRA 0x0 ;
    /*0070*/ BRA 0x90 ;
    /*0080*/ HMMA.16816.F32.BF16 R8, R4, R6, R8 ;
    /*0090*/ BRA 0x80 ;
"""


def test_loops_that_hold_others_or_no_product_are_not_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report.sass, "available", lambda: True)
    monkeypatch.setattr(report.sass, "disassemble", lambda binary: LOOPS)
    expected = {"instructions": 10, "a product, least": 1.5, "a product, most": 2.0}
    assert report.instructions(tmp_path) == {"gap, bf16": expected}


def test_without_a_disassembler_the_report_has_no_loops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report.sass.shutil, "which", lambda name: None)
    assert report.instructions(tmp_path) == {}


def test_tiles_of_larger_problems_take_more() -> None:
    by_width = {64: [], 128: [], 256: []}
    for row in report.tile_rows():
        by_width[row["width"]].append(row["train bytes"])
    assert all(sizes[0] > 10_000 and sizes == sorted(set(sizes)) for sizes in by_width.values())


def test_the_committed_report_is_of_all_kernels_and_holds_no_time() -> None:
    found = json.loads((report.common.RESULTS / "cuda_report.json").read_text())
    kernels = {(row["kernel"], row["architecture"]) for row in found["results"]["kernels"]}
    names, architectures = (set(column) for column in zip(*kernels, strict=True))
    assert names == {"train, bf16", "train, float32", "gap, bf16", "gap, float32"}
    assert architectures == set(report.ARCHITECTURES)
    assert len(kernels) == len(names) * len(architectures)
    assert "seconds" not in json.dumps(found["results"])


def test_the_ratio_of_a_roofline_is_to_the_higher_floor() -> None:
    row = kernels._floor("k", flop=100.0, moved=10.0, took=4.0, rate=50.0, bandwidth=10.0)
    assert (row["arithmetic floor s"], row["memory floor s"], row["ratio"]) == (2.0, 1.0, 2.0)


def test_pairs_run_by_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"PAIR_ROWS": 50, "PAIR_STEPS": 3, "PAIR_REPEATS": 1, "PAIR_NETWORK": Network(1, 1, 16, 1)}
    for name, value in small.items():
        monkeypatch.setattr(estimates, name, value)
    bins = estimates._pairs(2, "cpu")
    assert bins[:, :, 0].sum(1).tolist() == [50, 50]
    assert not torch.equal(bins[0], bins[1])
    estimates._pairs_in_torch(1, "cpu")
