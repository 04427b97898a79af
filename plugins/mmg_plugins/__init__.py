"""The built-in estimators: they reach the registry through entry points, like any stranger's."""
