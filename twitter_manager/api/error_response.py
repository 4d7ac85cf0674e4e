"""What an error looks like, whatever the path: the model of `twitter_manager.responses.error_to_json`."""

from typing import Annotated

from pydantic import Field

from twitter_manager.api.batches import BatchPost
from twitter_manager.api.openapi.fields import REQUEST_ID, Id, ResponseModel, Time, XId
from twitter_manager.api.threads import ThreadPart
from twitter_manager.api.tweet_responses import XWords
from twitter_manager.error_codes import CODES

__all__ = ["Error"]


class Error(ResponseModel):
    """Every error, whatever the path. docs/errors.md has each code with its cause and its remedy."""

    error: Annotated[str, Field(description="A sentence for a person.", examples=["Tweet not found"])]
    code: Annotated[str, Field(description="For programs.", json_schema_extra={"enum": sorted(CODES)})]
    request_id: Annotated[str, Field(description="Under this id the log has more.", examples=[REQUEST_ID])]
    hint: Annotated[str, Field(description="What to do about it.", examples=["List the tweets to find its id."])] = ""
    status: Annotated[str, Field(description="Of the tweet or thread that stands in the way.")] = ""
    field: Annotated[str, Field(description="Which field of the body or the query is wrong.")] = ""
    retryable: Annotated[bool, Field(description="Whether the same call can succeed later.")] = False
    next_attempt_at: Annotated[Time, Field(description="When; with 429 and 503 also as Retry-After.")] = ""
    twitter: XWords | None = None
    existing_post_id: Annotated[Id, Field(description="With `duplicate`: the tweet that is there already.")] = 1
    existing_tweet_id: Annotated[XId | None, Field(description="With `duplicate`: its id at X.")] = None
    post_id: Annotated[Id, Field(description="The tweet that X refused: it is kept, as `failed`.")] = 1
    thread_id: Annotated[Id, Field(description="The thread of which X refused a part.")] = 1
    tweets: Annotated[list[ThreadPart], Field(description="The parts of that thread.", default=[])]
    posts: Annotated[list[BatchPost], Field(description="With `batch_refused`: what stands against each.", default=[])]
