"""The chain of estimates behind the quantities of more than two variables, and what each quantity counts them by.

With variables X_1 .. X_n in their order,

    TC  = sum over i of a_i, a_i = I(X_i; X_<i)            (Watanabe 1960)
    DTC = sum over i of b_i, b_i = I(X_i; X_<i | X_>i)     (Han 1975; b_n = a_n)
    Omega = TC - DTC,  S = TC + DTC                        (James, Ellison and Crutchfield 2011; Rosas et al. 2019)

both by the chain rule of entropy: TC = sum H(X_i) - H(X_i | X_<i), DTC = sum H(X_i | X_>i) - H(X_i | X_-i). The second
sum is the same for every order of the variables, so that S = sum over i of c_i, c_i = I(X_i; X_-i), is a check that
shares no estimate but a_n with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SharedTerm:
    """An information to be estimated: I(first; second | given), by the places of variables.

    Attributes:
        first, second, given: places of variables.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    given: tuple[int, ...] = ()

    def symbol(self, names: Sequence[str]) -> str:
        """Return how it is written.

        Example:
            >>> SharedTerm((1,), (0,), (2,)).symbol("abc")
            'I(b; a | c)'
        """
        first, second, given = (", ".join(names[i] for i in side) for side in (self.first, self.second, self.given))
        return f"I({first}; {second}{f' | {given}' if given else ''})"


Weights = dict[SharedTerm, float]


@dataclass(frozen=True)
class Quantities:
    """What each quantity counts each term by.

    Attributes:
        total, dual, of_each: of TC, of DTC, and of S by its own terms; the last is empty where it is not asked for.
    """

    total: Weights
    dual: Weights
    of_each: Weights = field(default_factory=dict)

    @property
    def organisation(self) -> Weights:
        """Return the weights of the O-information; what both have in common cancels."""
        found = {term: self.total.get(term, 0.0) - self.dual.get(term, 0.0) for term in (*self.total, *self.dual)}
        return {term: weight for term, weight in found.items() if weight}

    @property
    def shared(self) -> Weights:
        """Return the weights of the S-information."""
        return {term: self.total.get(term, 0.0) + self.dual.get(term, 0.0) for term in (*self.total, *self.dual)}

    @property
    def terms(self) -> tuple[SharedTerm, ...]:
        """Return all terms, each once."""
        return tuple(dict.fromkeys((*self.total, *self.dual, *self.of_each)))


def quantities_of(n: int, checked: bool = False) -> Quantities:
    """Return the terms of `n` variables: 2n - 3 of them, and n - 1 more where S is checked by its own.

    Example:
        >>> found = quantities_of(3)
        >>> [term.symbol("abc") for term in found.terms]
        ['I(b; a)', 'I(c; a, b)', 'I(b; a | c)']
        >>> {term.symbol("abc"): weight for term, weight in found.organisation.items()}
        {'I(b; a)': 1.0, 'I(b; a | c)': -1.0}
    """
    places = range(n)
    total = {SharedTerm((i,), tuple(range(i))): 1.0 for i in places if i}
    dual = {SharedTerm((i,), tuple(range(i)), tuple(range(i + 1, n))): 1.0 for i in places if i}
    own = {SharedTerm((i,), tuple(j for j in places if j != i)): 1.0 for i in places} if checked else {}
    return Quantities(total, dual, own)
