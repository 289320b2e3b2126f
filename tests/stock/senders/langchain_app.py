"""A small LangChain application, watched by OpenInference: a chain that retrieves and asks, a tool, a failure."""

from __future__ import annotations

import contextlib
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


class Shelf(BaseRetriever):
    """Finds the same document for everyone."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [Document(id="d-1", page_content="A steelyard has one weight.", metadata={"page": 3})]


@tool
def weather(city: str) -> dict[str, Any]:
    """The weather of a city."""
    return {"sky": "clear", "celsius": 21}


def chain(model: ChatOpenAI) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Answer from: {found}"), ("user", "{question}")])
    whole = {"found": Shelf(), "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
    whole.invoke("What is a steelyard?")


def agent(model: ChatOpenAI) -> None:
    asked = model.bind_tools([weather]).invoke("How is the weather in Kyiv?")
    weather.invoke(asked.tool_calls[0])


def failure(model: ChatOpenAI) -> None:
    with contextlib.suppress(Exception):
        model.invoke("Fail, please.")


def main() -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    LangChainInstrumentor().instrument(tracer_provider=provider)
    tracer = provider.get_tracer("application")
    model = ChatOpenAI(model="gpt-4o-mini", max_retries=0)
    for way in (chain, agent, failure):
        with using_attributes(session_id="s-3", user_id="u-3"), tracer.start_as_current_span(way.__name__):
            way(model)
    provider.shutdown()


if __name__ == "__main__":
    main()
