"""scikit-learn's nearest-neighbour estimate of mutual information, as a plugin of mmg."""

from pydantic import Field

from mmg_registry import Estimate, Estimator, Options


class SklearnKnnOptions(Options):
    n_neighbors: int = Field(3, ge=1, le=100, description="neighbours of each row")


class SklearnKnn(Estimator):
    """MI of two columns in nats, by scikit-learn's `mutual_info_regression`, which returns no negative values."""

    name = "sklearn-knn"
    summary = "scikit-learn's mutual_info_regression, of two columns"
    reference = "Kraskov, Stoegbauer and Grassberger, Phys. Rev. E 69, 066138, equation 8"
    Options = SklearnKnnOptions
    max_dim_x = max_dim_y = 1  # of several features it returns the MI of each, not of all together
    kinds = frozenset({"continuous"})
    trains = False  # all rows are evaluated

    def fit(self, x, y):
        return self

    def estimate(self, x, y):
        from sklearn.feature_selection import mutual_info_regression  # imported late: listing plugins must not wait

        # The noise that breaks ties is drawn by the run's seed.
        found = mutual_info_regression(
            x, y[:, 0], n_neighbors=self.options.n_neighbors, random_state=self.run.seed % 2**32
        )
        return Estimate(mi=float(found[0]))  # the registry adds the standard error, from parts of the rows
