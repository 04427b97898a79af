"""Text as people have it: separators, decimal signs, comments, headers, encodings, and words for missing values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmg_registry.data.reading import TextOptions, arrow, read
from mmg_registry.data.reading.words import hint
from mmg_registry.errors import OptionError

ROWS = [(0.5, 1.25), (1.5, -2.0), (2.5, 3.75)]


@pytest.fixture(params=["arrow", "own"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read with Arrow, and as if it were not installed."""
    if request.param == "own":
        monkeypatch.setattr(arrow, "load", lambda layout, places: None)
    return str(request.param)


def lines(sep: str, header: str = "a,b", decimal: str = ".") -> str:
    body = "\n".join(sep.join(str(cell).replace(".", decimal) for cell in row) for row in ROWS)
    return (header.replace(",", sep) + "\n" if header else "") + body + "\n"


# --- separators and decimal signs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["d.csv", "d.txt", "d.dat", "d.tsv"])
@pytest.mark.parametrize(("sep", "word"), [("\t", "tabs"), (";", "semicolons"), ("|", "pipes"), ("   ", "blanks")])
def test_separators_are_found_and_said(files, name: str, sep: str, word: str) -> None:
    pair = files.read(lines(sep), "a", "b", name=name)
    np.testing.assert_array_equal(np.column_stack([pair.x, pair.y]), ROWS)
    usual = word == "tabs" and name == "d.tsv"
    assert pair.notes == (() if usual else (f"Cells are taken as separated by {word} (--sep tells otherwise).",))


@pytest.mark.parametrize("sep", [";", "\t", " "])
@pytest.mark.parametrize("header", ["a,b", ""])
def test_decimal_commas_are_found_and_said(files, sep: str, header: str) -> None:
    pair = files.read(lines(sep, header, ","), name="d.csv")
    np.testing.assert_array_equal(np.column_stack([pair.x, pair.y]), ROWS)
    assert "Commas are read as decimal signs (--decimal tells otherwise)." in pair.notes


def test_commas_that_may_group_digits_are_a_doubt(files) -> None:
    pair = files.read("a;b\n1,234;2,345\n5,678;1,999\n")
    assert pair.x[:, 0].tolist() == [1.234, 5.678]
    assert pair.doubts == ("1,234 is read as 1.234; if its comma groups digits, give --thousands ,",)
    assert files.read("a;b\n1,234;2,345\n5,678;1,999\n", thousands=",").x[:, 0].tolist() == [1234, 5678]


def test_what_is_said_is_not_guessed(files) -> None:
    assert files.read("a;b\n1;2\n3;4\n", sep=";").notes == ()
    assert files.read("a:b\n1:2\n3:4\n", sep=":").y[:, 0].tolist() == [2, 4]
    assert files.read("a,b\n1 2,3\n4 5,6\n", "a", "b", thousands=" ").x[:, 0].tolist() == [12, 45]
    assert files.read('a,b\n"1.234,5",2\n"6,5",3\n', thousands=".", decimal=",").x[:, 0].tolist() == [1234.5, 6.5]
    files.refuses("it has no column 'a'; it has a;b", "a;b\n1;2\n", "a", "b", sep=",")


def test_the_hint_that_excel_understands(files) -> None:
    assert files.read("sep=|\na|b\n1|2\n3|4\n").y.tolist() == [[2], [4]]


def test_sentences_are_no_table_of_blanks(files) -> None:
    pair = files.read("text of two words,n\nred fox,1\nblue cat,2\n", "n", "n")
    assert pair.x[:, 0].tolist() == [1, 2]


# --- numbers and what is none ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["1_7", "0x1F", "\u0661\u0662", "1 000", "1d5", "--5", "1.2.3", "$5", "12%", "1'000"])
def test_what_pandas_calls_text_is_text(files, cell: str) -> None:
    text = f"a,b\n{cell},1\n{cell},2\n"
    if hint(cell):  # nearly a number: the refusal says what makes it one
        files.refuses("which is a number", text)
    else:
        assert files.read(text).x_labels == ((cell,),)


@pytest.mark.parametrize(
    "word",
    ["", "NA", "N/A", "nan", "NaN", "null", "None", "<NA>", "NaT", "\\N", "?", "-", "--", ".", "n.d.", "N.A.", " NA ",
     "missing", "#DIV/0!", "1.#IND", "-1.#QNAN"],
)  # fmt: skip
def test_words_for_missing_values(files, word: str) -> None:
    pair = files.read(f"a,b\n{word},1\n2,{word}\n3,4\n")
    np.testing.assert_array_equal(pair.x[:, 0], [np.nan, 2, 3])
    np.testing.assert_array_equal(pair.y[:, 0], [1, np.nan, 4])


def test_more_words_for_missing_values(files) -> None:
    pair = files.read("a,b\n-999,1\nbad,2\n3,4\n", na=("-999", "Bad"))
    np.testing.assert_array_equal(pair.x[:, 0], [np.nan, np.nan, 3])


def test_ways_out_of_numbers_with_signs(files) -> None:
    files.refuses(
        "'a' holds '1,234', which is a number if --decimal , or --thousands , says so", 'a,b\n"1,234",1\n5,2\n'
    )
    files.refuses("'a' holds '$5', which is a number with a unit, which must go", "a,b\n$5,1\n$6,2\n")


def test_units_below_the_header_and_footers_are_named_by_line(files) -> None:
    body = "".join(f"{i}.5,{i}.25\n" for i in range(12))
    files.refuses("'a' holds numbers, but 'm' in line 2 (1 such cell)", f"a,b\nm,kg\n{body}")
    files.refuses("give --na total", f"a,b\n{body}total,3\n")
    files.refuses("line 14 has 1 cell where the first has 2; if it is no data, remove it", f"a,b\n{body}the end\n")
    for title in ("a title\na,b\n", "a title\na,b,c\n"):
        lines = body if title.count(",") == 1 else body.replace("\n", ",1\n")
        files.refuses("its first line (a title) has 1 cell where the others have", title + lines)
        assert files.read(title + lines, "a", "b", skip=1).x.shape == (12, 1)
    assert files.read(f"a,b\n{body}# the end\n", comment="#").x.shape == (12, 1)
    assert files.read(f"# made by hand\n\na,b\n{body}", skip=1).x.shape == (12, 1)
    assert files.read(f"junk, and, more\nm,kg\n{body}", skip=2, header="none").x.shape == (12, 1)


def test_whole_numbers_beyond_float64_do_not_collapse(files) -> None:
    far = 2**53
    files.refuses("'a' holds whole numbers above 2**53", f"a,b\n{far},1\n{far + 1},2\n")
    files.refuses("'a' holds whole numbers above 2**53", f"a,b\n{2**70},1\n{2**70 + 1},2\n")
    assert files.read(f"a,b\n{far + 1},1\n{far + 4},2\n").x[:, 0].tolist() == [far, far + 4]


def test_booleans_and_text_are_codes_and_dates_are_refused(files) -> None:
    truth = files.read("a,b\nTrue,1\nfalse,2\n,3\n")
    assert (truth.x[:2, 0].tolist(), truth.x_labels) == ([1, 0], (("False", "True"),))
    text = files.read("a,b\nred,1\nblue,2\n?,3\nred,4\n")
    np.testing.assert_array_equal(text.x[:, 0], [1, 0, np.nan, 1])
    assert text.x_labels == (("blue", "red"),)
    files.refuses("'a' holds dates", "a,b\n2020-01-31,1\n2021-02-28 10:00,2\n")
    assert files.read("a,b\n2020-02-30,1\n2021-02-28,2\n").x_labels == (("2020-02-30", "2021-02-28"),)


# --- headers ---------------------------------------------------------------------------------------------------------


def test_savetxt_and_other_comments_above(files) -> None:
    pair = files.read("# made in May\n# a,b\n" + lines(",", ""), "a", "b")
    np.testing.assert_array_equal(pair.x[:, 0], [row[0] for row in ROWS])
    assert files.read("#a b\n" + lines(" ", ""), "a", "b", name="d.dat").x.shape == (3, 1)
    assert files.read("# three, words, here\n" + lines(","), "a", "b").x.shape == (3, 1)


def test_names_of_rows_are_no_data_unless_asked_for(files) -> None:
    for text in ("a\tb\nr1\t1\t2\nr2\t3\t4\n", "\ta\tb\nr1\t1\t2\nr2\t3\t4\n"):
        pair = files.read(text, name="d.tsv")
        assert (pair.x_names, pair.x.tolist(), pair.y.tolist()) == (("a",), [[1], [3]], [[2], [4]])
        assert "ask for it as 'index'" in pair.notes[-1]
    pair = files.read(",a,b\n10,1,2\n20,3,4\n", "index", "*")
    assert (pair.x.tolist(), pair.y_names) == ([[10], [20]], ("a", "b"))
    assert files.read('"a" "b"\n"1" 0.5 2\n"2" 1.5 4\n', name="d.txt").x.tolist() == [[0.5], [1.5]]


def test_a_separator_at_the_end_of_each_line_is_no_column(files) -> None:
    for header in ("a,b,", "a,b"):
        assert files.read(f"{header}\n1,2,\n3,4,\n").y.tolist() == [[2], [4]]


FRACTIONS = "0.5,1.5,2.5\n3.5,4.5,5.5\n6.5,7.5,8.5\n"
WHOLE = "7,8,9\n17,18,4\n3,3,3\n"


@pytest.mark.parametrize(
    ("text", "x", "y", "rows"),
    [
        (f"0,1,2\n{FRACTIONS}", "1", "2", 3),  # asked for by name
        (f"0,1,2\n{FRACTIONS}", "0:1", "2", 3),
        (f"5,10,20\n{FRACTIONS}", "0", "1", 3),  # whole numbers over fractions
        (",0,1\n0,5,6\n1,7,8\n2,9,1\n", "0", "1", 3),  # an index without a name
        (",0,1\n9,5,6\n4,7,8\n7,9,1\n", "0", "1", 3),  # the same in another order
        (f"2019,2020,2021\n{WHOLE}", "0", "1", 3),  # years
        ("400.5,401,401.5,402\n1,5,2,9\n2,1,7,1\n", "0", "1", 2),  # evenly spaced
        (f"10,20,30\n{WHOLE}", "10", "30", 3),
        (f"1.5,2.5,2\n{FRACTIONS}", "0", "1", 4),  # data
        (f"1,2,5\n{WHOLE}", "0", "1", 4),
        (f"1,1,2\n{FRACTIONS}", "0", "1", 4),
        ("id,2019,2020\nNO,5,6\nSE,7,8\n", "2019", "2020", 2),
        (f"0,1,2\n{WHOLE}", "0", "1", 3),
    ],
)
def test_whether_a_row_of_numbers_is_a_header(files, text: str, x: str, y: str, rows: int) -> None:
    pair = files.read(text, x, y)
    assert len(pair) == rows
    assert any("taken as names" in note for note in pair.notes) == (rows < 4 and not text.startswith((",", "id")))


@pytest.mark.parametrize(
    ("text", "x", "y"),
    [
        (f"0,1,2\n{WHOLE}", "[01]", "2*"),
        (f"2,1,0\n{WHOLE}", "1", "0"),
        ("5,10\n0.5,3\n1.5,4\n", None, None),
        ("1.5,red\n2.5,blue\n3.5,red\n", "0", "0"),
    ],
)
def test_a_header_that_cannot_be_told_is_refused_with_both_ways_out(
    files, text: str, x: str | None, y: str | None
) -> None:
    told = "may hold names or data; say which: --header first where it holds names, --header none where it holds data"
    files.refuses(told, text, x, y)
    both = [len(files.read(text, "0", "0", header=how)) for how in ("first", "none")]
    assert both[1] == both[0] + 1


# --- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(files, encoding: str) -> None:
    pair = read(files.write("d.csv", "\u00b5,y\n1,2\n3,4\n", encoding), "\u00b5", "y")
    assert pair.x.tolist() == [[1], [3]]
    assert pair.notes == (f"Read as {encoding.upper()}, which its first bytes say.",)


def test_latin_1_is_read_and_said_and_other_encodings_are_asked_for(files) -> None:
    file = files.write("d.csv", "\u00b5,y\n1,2\n3,4\n", "latin-1")
    assert read(file, "\u00b5", "y").notes == ("Read as Latin-1, for it is not UTF-8 (--encoding tells another).",)
    file = files.write("d.csv", "\u0434,y\n1,2\n", "koi8-r")
    assert read(file, "\u0434", "y", text=TextOptions(encoding="koi8-r")).x.tolist() == [[1]]
    Path("d.csv").write_bytes("\u0434,y\n1,2\n".encode("koi8-r"))
    files.refused("it is not text in the encoding utf-8", "d.csv", text=TextOptions(encoding="utf-8"))
    files.refused("it holds NUL bytes", files.write("d.csv", "x,y\n1,2\n", "utf-16-le"))


@pytest.mark.parametrize(
    "choices",
    [{"sep": "ab"}, {"decimal": "x"}, {"thousands": ",,"}, {"thousands": ",", "decimal": ","}, {"comment": ""},
     {"skip": -1}, {"encoding": "klingon"}, {"encoding": "hex"}, {"header": "last"}],
)  # fmt: skip
def test_options_that_cannot_be_meant(choices: dict) -> None:
    with pytest.raises(OptionError, match=r"^The option '.*' is .* and must be .*\.$"):
        TextOptions(**choices)


def test_line_ends_and_empty_lines(files) -> None:
    for end in ("\n", "\r\n", "\r"):
        assert files.read("\n".join(["", "a,b", "", "1,2", "", "3,4", ""]).replace("\n", end)).x.tolist() == [[1], [3]]
    assert files.read('"a","b\nc"\n"1\n",2\n3,4', "a", "b\nc").x.tolist() == [[1], [3]]
