"""What its containers say and use: logs written down here, figures."""
