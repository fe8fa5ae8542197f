"""What applications do with OpenAI's Python client, against a gateway: OPENAI_BASE_URL and OPENAI_API_KEY say where.

Each argument is a model. For each a line of JSON tells what the client made of its answers; whether that is right is for the test to say.
"""

import asyncio
import json
import sys

import openai
from pydantic import BaseModel

ECHO = "echo: grüße, 🌍!"
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Tells the weather.", "parameters": PARAMETERS}}
TURNS_MAX = 5


class Forecast(BaseModel):
    city: str
    degrees: int


def question(text):
    return [{"role": "user", "content": text}]


def chat(client, model):
    answer = client.chat.completions.create(model=model, messages=question(ECHO))
    choice = answer.choices[0]
    return {"text": choice.message.content, "finish": choice.finish_reason, "tokens": answer.usage.total_tokens}


def stream(client, model):
    pieces, tokens = [], 0
    chunks = client.chat.completions.create(
        model=model, messages=question(ECHO), stream=True, stream_options={"include_usage": True}
    )
    for chunk in chunks:
        pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
        tokens = chunk.usage.total_tokens if chunk.usage else tokens
    return {"text": "".join(pieces), "pieces": len(pieces), "tokens": tokens}


def tools(client, model):
    messages, cities = question("What is the weather in Paris?"), []
    for _ in range(TURNS_MAX):
        with client.chat.completions.stream(model=model, messages=messages, tools=[WEATHER]) as events:
            message = events.get_final_completion().choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return {"cities": cities, "text": message.content}
        for call in message.tool_calls:
            cities.append(json.loads(call.function.arguments)["city"])
            messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    raise RuntimeError("the model did not stop calling")


def parse(client, model):
    try:
        answer = client.chat.completions.parse(model=model, messages=question("And tomorrow?"), response_format=Forecast)
    except openai.BadRequestError as error:
        return {"refused": error.code}
    return answer.choices[0].message.parsed.model_dump()


def responses(client, model):
    whole = client.responses.create(model=model, input=ECHO)
    with client.responses.stream(model=model, input=ECHO) as events:
        pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
        final = events.get_final_response()
    called = client.responses.create(
        model=model,
        input="What is the weather in Paris?",
        tools=[{"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": True}],
    )
    return {
        "text": whole.output_text,
        "streamed": "".join(pieces),
        "final": final.output_text,
        "tokens": final.usage.total_tokens,
        "calls": [item.name for item in called.output if item.type == "function_call"],
    }


def embeddings(client, model):
    vectors = client.embeddings.create(model=model, input=["one", "two"])
    return {"count": len(vectors.data), "numbers": len(vectors.data[0].embedding)}


def errors(client, model):
    def caught(ask):
        try:
            ask()
        except openai.APIStatusError as error:
            return [type(error).__name__, error.status_code, error.code]
        return None

    stranger = client.with_options(api_key="sk-stranger-000000000")
    return {
        "unknown model": caught(lambda: client.chat.completions.create(model="no-such-model", messages=question("Hello"))),
        "unknown key": caught(lambda: stranger.chat.completions.create(model=model, messages=question("Hello"))),
        "no messages": caught(lambda: client.chat.completions.create(model=model, messages=[])),
    }


def several(model):
    async def ask_all():
        async with openai.AsyncOpenAI(max_retries=0) as client:
            asked = [client.chat.completions.create(model=model, messages=question(f"echo: {n}")) for n in range(5)]
            return [answer.choices[0].message.content for answer in await asyncio.gather(*asked)]

    return asyncio.run(ask_all())


def main(models):
    client = openai.OpenAI(max_retries=0)
    for model in models:
        told = {
            "model": model,
            "chat": chat(client, model),
            "stream": stream(client, model),
            "tools": tools(client, model),
            "parse": parse(client, model),
            "responses": responses(client, model),
            "errors": errors(client, model),
            "several": several(model),
        }
        print(json.dumps(told, ensure_ascii=False), flush=True)
    print(json.dumps({"embeddings": embeddings(client, models[0]), "models": sorted(model.id for model in client.models.list())}))


if __name__ == "__main__":
    main(sys.argv[1:])
