// Posts once with the client that openapi-generator makes for TypeScript, reads the post back, and reads an answer 202 and an error.
import { AccountsApi, Configuration, PublishingApi, ResponseError, TweetsApi } from "./manager";

declare const process: { env: Record<string, string> };
const { URL, KEY, ACCOUNT_ID, ACCOUNT_SWITCHED_OFF, TEXT } = process.env;

async function run(): Promise<void> {
  const configuration = new Configuration({ basePath: URL, apiKey: (name) => (name === "X-API-Key" ? KEY : "") });
  const postBody = { accountId: Number(ACCOUNT_ID), text: TEXT };
  const taken = await new PublishingApi(configuration).publishingPublish({ postBody });
  const found = await new TweetsApi(configuration).tweetsShow({ tweetId: taken.postId });
  console.log(found.id, found.status, found.twitterId);
  const held = { accountId: Number(ACCOUNT_SWITCHED_OFF), text: TEXT };
  console.log((await new PublishingApi(configuration).publishingPublish({ postBody: held })).status);
  try {
    await new AccountsApi(configuration).accountsShow({ accountId: "987654321" });
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    console.log(error.response.status, (await error.response.json()).code);
  }
}

run();
