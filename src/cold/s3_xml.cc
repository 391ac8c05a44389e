#include "s3_xml.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <pugixml.hpp>

namespace kalam::cold {
namespace {

constexpr std::size_t kMaxMessageBytes = 300;

Result<pugi::xml_node> Root(pugi::xml_document& document, std::string_view xml, const char* name) {
  if (document.load_buffer(xml.data(), xml.size())) {
    if (pugi::xml_node root = document.child(name)) return root;
  }
  return Error(ErrorCode::kIo, std::string("S3 answered with something that is no ") + name);
}

}  // namespace

S3ErrorBody ParseS3Error(std::string_view xml) {
  pugi::xml_document document;
  auto root = Root(document, xml, "Error");
  if (!root.ok()) return {};
  std::string message = root->child_value("Message");
  message.resize(std::min({message.size(), message.find('\n'), kMaxMessageBytes}));
  return {root->child_value("Code"), std::move(message)};
}

Result<S3ListPage> ParseS3ListPage(std::string_view xml) {
  pugi::xml_document document;
  KALAM_TRY_ASSIGN(const pugi::xml_node root, Root(document, xml, "ListBucketResult"));
  S3ListPage page;
  for (const pugi::xml_node entry : root.children("Contents")) {
    const char* size = entry.child_value("Size");
    std::uint64_t bytes = 0;
    std::from_chars(size, size + std::strlen(size), bytes);
    page.entries.push_back({entry.child_value("Key"), bytes});
  }
  if (std::string_view(root.child_value("IsTruncated")) == "true") {
    page.continuation_token = root.child_value("NextContinuationToken");
    if (page.continuation_token.empty())
      return Error(ErrorCode::kIo, "S3 cut a listing off without a token to go on");
  }
  return page;
}

Result<std::string> ParseS3UploadId(std::string_view xml) {
  pugi::xml_document document;
  KALAM_TRY_ASSIGN(const pugi::xml_node root, Root(document, xml, "InitiateMultipartUploadResult"));
  std::string id = root.child_value("UploadId");
  if (id.empty()) return Error(ErrorCode::kIo, "S3 began an upload without an id");
  return id;
}

std::string S3CompleteBody(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    xml += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>";
    for (const char c : etags[i])
      xml += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
    xml += "</ETag></Part>";
  }
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace kalam::cold
