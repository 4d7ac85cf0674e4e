"""Posts once with the client of openapi-python-client, reads the post back, and reads an answer 202 and an error."""

import os

from manager_client import AuthenticatedClient
from manager_client.api.accounts import accounts_show
from manager_client.api.publishing import publishing_publish
from manager_client.api.tweets import tweets_show
from manager_client.models import PostBody

client = AuthenticatedClient(os.environ["URL"], os.environ["KEY"], prefix="", auth_header_name="X-API-Key")
body = PostBody(account_id=int(os.environ["ACCOUNT_ID"]), text=os.environ["TEXT"])
taken = publishing_publish.sync(client=client, body=body)
found = tweets_show.sync(taken.post_id, client=client)
print(found.id, found.status, found.twitter_id)
body = PostBody(account_id=int(os.environ["ACCOUNT_SWITCHED_OFF"]), text=os.environ["TEXT"])
print(publishing_publish.sync(client=client, body=body).status)
refused = accounts_show.sync_detailed("987654321", client=client)
print(refused.status_code.value, refused.parsed.code)
