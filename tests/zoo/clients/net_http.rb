# Ruby's Net::HTTP: set_form for multipart, with a length or in chunks; set_form_data for urlencoded.
require "net/http"

url, key, form, *rest = ARGV
uri = URI(url)
request = Net::HTTP::Post.new(uri)
request["Authorization"] = "Bearer #{key}"
fields = rest.each_slice(3).map { |kind, name, value| [name, kind == "file" ? File.open(value, "rb") : value] }
if form == "urlencoded"
  request.set_form_data(fields.to_h)
else
  request["Transfer-Encoding"] = "chunked" if form == "chunked"
  request.set_form(fields, "multipart/form-data")
end
Net::HTTP.start(uri.hostname, uri.port) { |http| http.request(request).value }
