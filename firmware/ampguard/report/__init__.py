"""The commissioning report: what an electrician leaves behind, on paper and as JSON, signed by the unit."""
