"""The built-in estimators, which reach the registry through entry points, as those of other distributions do."""
