"""The same C functions, bound by each of the peers, in the way its documentation shows."""

from ..build import folder

# What was built is found beside the sources, as in an editable install.
__path__.append(str(folder()))
