"""Which columns are x and which are y: names, patterns, positions, ranges, all but some, defaults; which rows."""

from __future__ import annotations

import numpy as np
import pytest

from mmg_registry.data.reading import read
from mmg_registry.data.reading.where import Condition
from mmg_registry.errors import DataError, OptionError

ABC = "id,a,b,c,t\n1,2,3,4,5\n6,7,8,9,10\n"


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("a", "a"),
        ("c, a", "c a"),
        ("a:c", "a b c"),
        ("a:", "a b c t"),
        (":b", "id a b"),
        ("1:2", "a b"),
        ("1:c", "a b c"),
        ("0,3", "id c"),
        ("!id", "a b c t"),
        ("!id,!t", "a b c t"),
        ("*,!id,!t", "a b c"),
        ("id:c,!a:b", "id c"),
        ("[ab]", "a b"),
        ("*,a", "id a b c t"),
    ],
)
def test_ways_to_choose(files, spec: str, names: str) -> None:
    pair = files.read(ABC, spec, "t")
    assert pair.x_names == tuple(name for name in names.split() if name != "t" or spec in ("t",))


def test_what_the_other_side_names_is_left_out_of_a_pattern_and_said(files) -> None:
    pair = files.read(ABC, "*", "t")
    assert pair.x_names == ("id", "a", "b", "c")
    assert pair.notes == ("x is taken without t, for it is named on the other side.",)
    assert files.read(ABC, "a,t", "t").x_names == ("a", "t")  # named, so meant
    assert files.read(ABC, "a", "!t").y_names == ("id", "b", "c")
    files.refuses("no column is left for x", ABC, "t*", "t")


def test_names_with_commas_and_colons_and_marks(files) -> None:
    text = '"a,b","c,d",e:f,!g,3\n1,2,3,4,5\n6,7,8,9,1\n'
    pair = files.read(text, '"a,b","c,d"', "e:f")
    assert (pair.x_names, pair.y_names) == (("a,b", "c,d"), ("e:f",))
    assert files.read(text, "!g", "3").y.tolist() == [[5], [1]]  # a name before a position


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("9", "it has no column '9'; it has id, a, b, c, t"),
        ("c:a", "the range c:a runs backwards: 'a' stands before 'c'"),
        ("a:z", "it has no column 'z', where the range a:z ends"),
        ("!z", "it has no column 'z'"),
        ("a,!a", "no column is left for x"),
    ],
)
def test_what_is_not_there(files, spec: str, told: str) -> None:
    files.refuses(told, ABC, spec, "t")


# --- rows --------------------------------------------------------------------------------------------------------

PEOPLE = """age,site,born,x,y,two words,well
20,A,1980-01-01,1,2,1,true
40,B,1990-06-01,3,4,2,false
,B,,5,6,3,
50,,2000-01-01,7,8,4,true
"""


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("age > 30 and site == 'B'", [3]),
        ('age > 30 or site == "B"', [3, 5, 7]),
        ("(age > 30) & (site == 'B') | (x == 1)", [1, 3]),
        ("site in ['A', 'C']", [1]),
        ("site not in ('A', 'C')", [3, 5]),
        ("not site == 'A'", [3, 5, 7]),
        ("site != 'A'", [3, 5]),
        ("20 < age <= 40", [3]),
        ("x * 2 + 1 >= y + 4", [5, 7]),
        ("-x < -4", [5, 7]),
        ("born < '1995-01-01'", [1, 3]),
        ("`two words` == 3", [5]),
        ("x % 3 == 1", [1, 7]),
        ("well", [1, 7]),
        ("not well", [3, 5]),
    ],
)
def test_conditions(files, where: str, kept: list[int]) -> None:
    pair = files.read(PEOPLE, "x", "y", where=where)
    assert pair.x[:, 0].tolist() == kept
    assert pair.notes == (f"{len(kept)} of 4 rows fulfil --where.",)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("age >", "it is no condition"),
        ("__import__('os').system('x') == 1", "a call may not stand in it"),
        ("age.real > 1", "an attribute may not stand in it"),
        ("age[0] > 1", "an index may not stand in it"),
        ("(lambda: 1) == 1", "a function may not stand in it"),
        ("[a for a in age] == 1", "may not stand in it"),
        ("f'{age}' == 1", "may not stand in it"),
        ("age == b'x'", "is no value to compare with"),
        ("(age := 3) > 1", "may not stand in it"),
        ("1 < 2", "it names no column"),
        ("a == " + "1" * 200, "too many digits"),
        ("a == 1 or " * 200, "longer than 1000 characters"),
        ("(" * 900, "it is no condition"),
    ],
)
def test_what_is_no_condition(where: str, told: str) -> None:
    with pytest.raises(OptionError) as caught:
        Condition(where)
    assert str(caught.value).startswith("--where '")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("height > 1", "the column 'height' of --where is not there; there are age, site"),
        ("site > 3", "compares text with numbers"),
        ("age == 'x'", "compares text with numbers"),
        ("age + x", "gives no yes or no for each row"),
        ("age and x == 1", "compares text with numbers, or lists (and, or, not take comparisons)"),
        ("site * 9 == 1", "arithmetic takes numbers"),
        ("born < 'soon'", "--where"),
        ("site == 'Z'", "d.csv cannot be used: none of its 4 rows fulfils --where 'site == 'Z''."),
    ],
)
def test_conditions_that_do_not_fit_the_table(files, where: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        files.read(PEOPLE, "x", "y", where=where)
    assert told in str(caught.value)


def test_conditions_on_arrays() -> None:
    np.savez("d.npz", x=np.arange(8.0).reshape(4, 2), y=np.arange(4.0), z=np.array([0, 1, 1, 0]))
    pair = read("d.npz", where="z == 1")
    assert (pair.x.tolist(), pair.y.tolist()) == ([[2, 3], [4, 5]], [[1], [2]])
    np.save("x.npy", np.arange(4.0))
    np.save("y.npy", np.arange(4.0))
    with pytest.raises(DataError, match="--where chooses rows of one table, and x and y are in two files"):
        read(["x.npy", "y.npy"], where="z == 1")
    with pytest.raises(DataError, match="'x' of --where holds more than one value a row"):
        read("d.npz", where="x == 1")
