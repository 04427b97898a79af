"""MI of Gaussian variables, as a plugin of mmg."""

import numpy as np
from pydantic import Field

from mmg_registry import Estimate, Estimator, Options


class ExampleEstimator(Estimator):
    name = "example"
    summary = "MI of the Gaussian with the rows' covariance"
    reference = "Cover and Thomas, Elements of Information Theory, section 8.5"
    kinds = frozenset({"continuous", "count"})  # of columns; the registry refuses others

    class Options(Options):
        ridge: float = Field(1e-6, ge=0, description="added to every variance")

    def fit(self, x, y):
        rows = np.hstack([x, y]).astype(float)
        self.mean, self.cov = rows.mean(axis=0), np.cov(rows, rowvar=False) + self.options.ridge * np.eye(len(rows.T))
        return self

    def estimate(self, x, y):
        rows, d = np.hstack([x, y]) - self.mean, x.shape[1]
        values = self.log_density(rows) - self.log_density(rows, stop=d) - self.log_density(rows, start=d)
        return Estimate(mi=values.mean(), std_error=values.std() / len(values) ** 0.5)

    def log_density(self, rows, start=0, stop=None):
        part, cov = rows[:, start:stop], self.cov[start:stop, start:stop]
        return -0.5 * (np.sum(part.T * np.linalg.solve(cov, part.T), axis=0) + np.linalg.slogdet(cov)[1])
