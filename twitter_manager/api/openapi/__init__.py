"""The OpenAPI 3.1 document, made from the code: paths and methods from the routes, words from the views' docstrings,
the rest from the `Operation` on each view, and the errors from error_codes/ with their statuses of api/http/errors.py.

operations.py  what is declared of an endpoint, and the parameters that many have
fields.py      the base of the models of responses, and the fields that many have
document.py    the whole: `describe(app)`
responses.py   the responses of an endpoint, successes and errors
schemas.py     pydantic models to schemas and examples
open_answers.py  answers as clients must read them: more fields and values may come
postman.py     a Postman collection made from the document; postman_run.py: its requests in order;
postman_scripts.py: what they run before and after

Only what is general is here: what is particular to one endpoint is beside its view, in api/<noun>.py.
"""
