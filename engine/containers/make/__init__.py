"""Made and made anew: from a request to a record, with everything that can be found wrong found first."""
