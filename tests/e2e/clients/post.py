"""Posts once with the client of openapi-generator, reads the post back, and reads an answer 202 and an error."""

import os

from manager import AccountsApi, ApiClient, ApiException, Configuration, PostBody, PublishingApi, TweetsApi

configuration = Configuration(host=os.environ["URL"], api_key={"key": os.environ["KEY"]})
with ApiClient(configuration) as client:
    body = PostBody(account_id=int(os.environ["ACCOUNT_ID"]), text=os.environ["TEXT"])
    taken = PublishingApi(client).publishing_publish(body)
    found = TweetsApi(client).tweets_show(taken.post_id)
    print(found.id, found.status, found.twitter_id)
    body = PostBody(account_id=int(os.environ["ACCOUNT_SWITCHED_OFF"]), text=os.environ["TEXT"])
    print(PublishingApi(client).publishing_publish(body).status)
    try:
        AccountsApi(client).accounts_show("987654321")
    except ApiException as error:
        print(error.status, error.data.code)
