"""Logistic regression with a ridge penalty, by Newton's method.

For some hundred features and a thousand dialogues this is one small system of equations, so that
scikit-learn with scipy (some 150 MB installed) would be much for little; the tests hold its
coefficients against scikit-learn's.
"""

from dataclasses import dataclass

import numpy as np

from crowdglot.evidence.resemble.style import Numbers

_STEPS, _ENOUGH = 50, 1e-10


@dataclass(frozen=True, slots=True)
class Logistic:
    """``weights``: one a feature; ``bias``: what is added."""

    weights: Numbers
    bias: float

    def score(self, features: Numbers) -> Numbers:
        """The log-odds of each row to be of the first kind."""
        return features @ self.weights + self.bias


def fit(features: Numbers, labels: Numbers, counts: Numbers, penalty: float) -> Logistic:
    """Minimise the log-loss plus ``penalty`` / 2 times the squared weights; the bias is free.

    ``features``: one row an example; ``labels``: 1 or 0; ``counts``: how much each example counts;
    ``penalty``: above 0.
    """
    rows = np.hstack([features, np.ones((len(features), 1))])
    ridge = np.full(rows.shape[1], penalty)
    ridge[-1] = 0.0
    weights = np.zeros(rows.shape[1])

    def loss_of(weights: Numbers) -> float:
        told = rows @ weights
        losses = counts * (np.logaddexp(0, told) - labels * told)
        return float(losses.sum() + (ridge * weights**2).sum() / 2)

    loss = loss_of(weights)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -500, 500)))
        slope = rows.T @ (counts * (chance - labels)) + ridge * weights
        curve = (rows * (counts * chance * (1 - chance))[:, None]).T @ rows + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curve, slope)
        # Halved until it helps: where both kinds lie far apart, a whole step may lead too far.
        size = 1.0
        while size > 1e-6 and loss_of(weights - size * step) > loss:
            size /= 2
        weights = weights - size * step
        before, loss = loss, loss_of(weights)
        if before - loss < _ENOUGH:
            break
    return Logistic(weights[:-1], float(weights[-1]))
