"""`python -m taipan`, the same as the `taipan` command."""

import sys

from taipan.cli.main import main

sys.exit(main())
