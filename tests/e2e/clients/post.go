// Posts once with the client that openapi-generator makes for Go, reads the post back, and reads an answer 202 and an error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"client/manager"
)

func main() {
	configuration := manager.NewConfiguration()
	configuration.Servers = manager.ServerConfigurations{{URL: os.Getenv("URL")}}
	client := manager.NewAPIClient(configuration)
	keys := map[string]manager.APIKey{"key": {Key: os.Getenv("KEY")}}
	key := context.WithValue(context.Background(), manager.ContextAPIKeys, keys)

	body := manager.NewPostBody(os.Getenv("TEXT"))
	body.SetAccountId(account("ACCOUNT_ID"))
	taken, _, err := client.PublishingAPI.PublishingPublish(key).PostBody(*body).Execute()
	check(err)
	found, _, err := client.TweetsAPI.TweetsShow(key, taken.PostId).Execute()
	check(err)
	fmt.Println(found.Id, found.Status, found.GetTwitterId())
	body.SetAccountId(account("ACCOUNT_SWITCHED_OFF"))
	held, _, err := client.PublishingAPI.PublishingPublish(key).PostBody(*body).Execute()
	check(err)
	fmt.Println(held.Status)
	_, refused, err := client.AccountsAPI.AccountsShow(key, "987654321").Execute()
	if err == nil {
		panic("no such account, and no error")
	}
	var told manager.Error
	check(json.Unmarshal(err.(*manager.GenericOpenAPIError).Body(), &told))
	fmt.Println(refused.StatusCode, told.Code)
}

func account(name string) int64 {
	id, err := strconv.ParseInt(os.Getenv(name), 10, 64)
	check(err)
	return id
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
