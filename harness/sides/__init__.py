"""Both frameworks behind the same verbs. Reached through `harness.worker` alone."""
