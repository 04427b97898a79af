"""Questions about series: which lag, from whom to whom, how much of the own past.

times       a column of times becomes places on a regular clock; trials are clocks of their own
recording   the channels of a series beside their places, from a table or from arrays
embedding   the rows of a question: y at t beside x at t - l, the own past and that of others
features    columns as few bounded functions of their ranks
screen      what each lag adds to a prediction of y, and how much more than shifted sources do
history     how much of the past to give, by held-out prediction
problem     the functions of a question at its rows, and the shifts that its memory allows
past        the history and the lags that were chosen, with the reasons
answer      an embedding as a pair with what is given, and the registry's estimate of it
asking      a question from its lags to a quantity with one part a lag
network     the same for every ordered pair of columns
plan        what may be asked for: lags, history, shifts
reading     tables and arrays as recordings
questions   what users call: `lags`, `transfer`, `active_storage`, `network`
"""
