# mypy: ignore-errors
"""Posts once with the client that openapi-generator makes for Python, and reads the post back."""

import os

from manager import AccountsApi, ApiClient, ApiException, Configuration, PostBody, PublishingApi, TweetsApi

configuration = Configuration(host=os.environ["URL"], api_key={"key": os.environ["KEY"]})
with ApiClient(configuration) as client:
    body = PostBody(account_id=int(os.environ["ACCOUNT_ID"]), text=os.environ["TEXT"])
    taken = PublishingApi(client).publishing_publish(body)
    found = TweetsApi(client).tweets_show(taken.post_id)
    print(found.id, found.status, found.twitter_id)
    try:
        AccountsApi(client).accounts_show(987654321)
    except ApiException as error:
        print(error.status, error.data.code)
