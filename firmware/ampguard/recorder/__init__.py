"""Raw waveforms: recordings of ours and of other instruments."""
