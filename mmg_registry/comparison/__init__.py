"""What several plugins say of the same rows, and why they differ.

diagnosis    what is measured of the rows: is there dependence beyond the normal form?
opinions     each plugin's estimate, or why it has none, with what it declares
differences  sentences about intervals that do not overlap
answer       `mmg.compare`, from a request to a table
"""
