"""Estimators that train a critic: MINE, InfoNCE, NWJ, SMILE and f-DIME."""
